import type { Database } from '../../../../db/client.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import {
  listUnsynced,
  syncEntitlementIn,
} from '../../../../db/repositories/usage/buckets/copies.ts';
import { isResponding, noteAway } from '../../../../db/repositories/usage/buckets/nodes.ts';
import { keepPlace } from '../../../../db/repositories/usage/buckets/placement.ts';
import {
  carryOutCorrection,
  listOpenCorrections,
} from '../../../../db/repositories/usage/corrections/elsewhere.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Logger } from '../../../log.ts';

type MainDatabase = Pick<Database, 'db' | 'pool' | 'buckets'>;

/** A change reaches its bucket within 5 s also where its notification is lost. */
const EVERY_MS = 2_000;
const ANSWERS_WITHIN_MS = 2_000;
/** In a row, until a server counts as away. */
const FAILURES = 2;
const AT_ONCE = 200;
/** Whoever asked for a correction carries it out; this is for what was cut short. */
const CUT_SHORT_AFTER_MS = 30_000;

/**
 * Keeps buckets on other servers in step with the main database: what tenants may use, corrections
 * that were cut short, and which servers answer at all, so that no new tenant comes to one that does
 * not. Runs in every process; while no bucket lies elsewhere it asks nothing.
 */
export class BucketSync {
  readonly #database: MainDatabase;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #failures = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;
  #again = false;
  #isNeeded = true;

  constructor(deps: { database: MainDatabase; clock: Clock; log: Logger }) {
    this.#database = deps.database;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#isNeeded && this.wake(), EVERY_MS).unref();
    this.wake();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#underWay;
  }

  /** A bucket may have something to get. */
  wake(): void {
    this.#again = true;
    if (this.#timer === undefined) return;
    this.#underWay ??= this.#runWhileAsked().finally(() => (this.#underWay = undefined));
  }

  async #runWhileAsked(): Promise<void> {
    while (this.#again && this.#timer !== undefined) {
      this.#again = false;
      await this.run().catch((err: unknown) => {
        this.#log.warn({ err }, 'buckets on other servers were not told');
      });
    }
  }

  /** Everything once. */
  async run(): Promise<void> {
    const { buckets } = this.#database;
    const elsewhere = (await buckets.list()).flatMap(({ number, node }) =>
      node === null ? [] : [{ number, node }],
    );
    const byNode = Map.groupBy(elsewhere, ({ node }) => node);
    const away = new Set<number>();
    await Promise.all(
      [...byNode].map(async ([node, some]) => {
        const numbers = some.map(({ number }) => number);
        if (!(await this.#isThere(node, numbers))) numbers.forEach((one) => away.add(one));
      }),
    );
    const unsynced = await this.#syncAll(away);
    if (elsewhere.length > 0) await this.#correctAll();
    this.#isNeeded = elsewhere.length > 0 || unsynced > 0;
  }

  async #isThere(node: string, numbers: number[]): Promise<boolean> {
    const { buckets, pool } = this.#database;
    const isThere = await isResponding(buckets.pool(node), ANSWERS_WITHIN_MS);
    const failures = isThere ? 0 : (this.#failures.get(node) ?? 0) + 1;
    this.#failures.set(node, failures);
    if (isThere || failures >= FAILURES) {
      await noteAway(pool, numbers, isThere ? null : this.#clock.now());
    }
    return isThere;
  }

  /** Answers how many could not be synced. */
  async #syncAll(away: ReadonlySet<number>): Promise<number> {
    const due = await listUnsynced(this.#database.pool, away, AT_ONCE);
    let left = 0;
    for (const { tenantId, bucket } of due.tenants) {
      const isSynced = await syncEntitlement(this.#database, tenantId).catch((err: unknown) => {
        if (!isDatabaseAway(err)) this.#log.error({ err, tenantId, bucket }, 'not told');
        return false;
      });
      if (!isSynced) left += 1;
    }
    if (left === 0 && due.tenants.length === AT_ONCE) this.#again = true;
    return left + due.away;
  }

  async #correctAll(): Promise<void> {
    const before = new Date(this.#clock.now().getTime() - CUT_SHORT_AFTER_MS);
    for (const id of await listOpenCorrections(this.#database.db, before)) {
      await carryOutCorrection(this.#database, id).catch((err: unknown) => {
        this.#log.warn({ err, id }, 'a correction was not carried out');
      });
    }
  }
}

/**
 * Writes what a tenant may use by now into its bucket. A bucket takes over only what is newer than it has, so
 * doing it twice is harmless. False when another process does it just now. Holds no row of the tenant meanwhile.
 */
export async function syncEntitlement(
  { db, buckets }: MainDatabase,
  tenantId: string,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    if (!(await keepPlace(tx, tenantId))) return false;
    await syncEntitlementIn(tx, buckets, tenantId);
    return true;
  });
}
