import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { bucketSchema, BUCKETS_MAX } from '../../../../db/buckets.ts';
import type { Database } from '../../../../db/client.ts';
import { makeBucket, makeBucketOn } from '../../../../db/buckets/make-bucket.ts';
import {
  dropKeysByTenant,
  indexKeysByTenant,
} from '../../../../db/repositories/usage/buckets/keys-by-tenant.ts';
import { moveTenant } from '../../../../db/repositories/usage/buckets/move.ts';
import {
  countTenants,
  listBucketNumbers,
  listTenantsIn,
  lockSpread,
  unlockSpread,
} from '../../../../db/repositories/usage/buckets/placement.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { planMoves } from './plan-moves.ts';

export interface SpreadOptions {
  /** How many buckets there are to be. */
  buckets: number;
  /** The server on which those that are missing are made, `host:port`; ours, or Citus', unless told. */
  node?: string | undefined;
  /** Told now and then how far it is. */
  progress?: (line: string) => void;
}

export interface Spread {
  /** The schemas that were made, or would be. */
  made: string[];
  /** How many tenants were moved, or would be. */
  moved: number;
  /** How many tenants each bucket has then. */
  buckets: { schema: string; tenants: number }[];
}

/** One that was killed keeps its lock until the server notices. */
const LOCK_TRIES = 50;
const LOCK_PAUSE_MS = 200;
const AT_ONCE = 500;
const PROGRESS_EVERY = 100;
/** People who register meanwhile come into every bucket: what is left after so many is not uneven. */
const ROUNDS_MAX = 20;

/** Spreads the tenants' metering over buckets, while it is used. */
export class SpreadService {
  readonly #pool: Database['pool'];
  readonly #url: string;

  constructor(deps: { database: Pick<Database, 'pool' | 'url'> }) {
    this.#pool = deps.database.pool;
    this.#url = deps.database.url;
  }

  /** What `spread` would do. Changes nothing. */
  async plan({ buckets, node }: Pick<SpreadOptions, 'buckets' | 'node'>): Promise<Spread> {
    const made = await this.#missing(this.#pool, buckets);
    const counts = [
      ...(await countTenants(this.#pool)),
      // Nobody is moved to a server of its own.
      ...(node === undefined ? made : []).map((bucket) => ({ bucket, tenants: 0 })),
    ];
    const moves = planMoves(counts);
    const left = new Map(counts.map(({ bucket, tenants }) => [bucket, tenants]));
    for (const { from, to, tenants } of moves) {
      left.set(from, left.get(from)! - tenants);
      left.set(to, left.get(to)! + tenants);
    }
    return {
      made: made.map(bucketSchema),
      moved: moves.reduce((sum, { tenants }) => sum + tenants, 0),
      buckets: [...left].map(([bucket, tenants]) => ({ schema: bucketSchema(bucket), tenants })),
    };
  }

  /**
   * Makes the buckets that are missing and moves tenants, each in one transaction, until they are
   * even. Cut short anywhere it is taken up by the next. 400 for fewer buckets than there are, and
   * while another one spreads.
   */
  async spread({ buckets, node, progress = () => {} }: SpreadOptions): Promise<Spread> {
    const client = await this.#pool.connect();
    try {
      await takeLock(client);
      const missing = await this.#missing(client, buckets);
      for (const number of missing) {
        if (node === undefined) await makeBucket(client, number);
        else await makeBucketOn(client, number, { url: this.#url, node });
        progress(`made ${bucketSchema(number)}`);
      }
      const moved = await withKeysByTenant(client, () => moveUntilEven(client, progress));
      const counts = await countTenants(client);
      await unlockSpread(client);
      client.release();
      return {
        made: missing.map(bucketSchema),
        moved,
        buckets: counts.map(({ bucket, tenants }) => ({ schema: bucketSchema(bucket), tenants })),
      };
    } catch (error) {
      // The lock goes with the connection.
      client.release(true);
      throw error;
    }
  }

  async #missing(client: pg.Pool | pg.ClientBase, buckets: number): Promise<number[]> {
    if (!Number.isInteger(buckets) || buckets < 1 || buckets > BUCKETS_MAX) {
      throw refused(`There may be 1 to ${BUCKETS_MAX} buckets.`);
    }
    const existing = await listBucketNumbers(client);
    if (buckets < existing.length) {
      throw refused(
        `There are ${existing.length} buckets, and none is taken away again: say ${existing.length} or more.`,
      );
    }
    return Array.from({ length: buckets }, (_, number) => number).filter(
      (number) => !existing.includes(number),
    );
  }
}

/** Those that tenants leave, with what finds their keys. Cut short, it is taken away by the next spread. */
async function withKeysByTenant<T>(client: pg.ClientBase, move: () => Promise<T>): Promise<T> {
  const sources = planMoves(await countTenants(client)).map(({ from }) => from);
  for (const number of new Set(sources)) await indexKeysByTenant(client, number);
  const done = await move();
  for (const number of await listBucketNumbers(client)) await dropKeysByTenant(client, number);
  return done;
}

async function moveUntilEven(
  client: pg.ClientBase,
  progress: (line: string) => void,
): Promise<number> {
  let moved = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const moves = planMoves(await countTenants(client));
    if (moves.length === 0) break;
    const total = moved + moves.reduce((sum, { tenants }) => sum + tenants, 0);
    for (const { from, to, tenants } of moves) {
      for (let left = tenants; left > 0;) {
        const ids = await listTenantsIn(client, from, Math.min(left, AT_ONCE));
        if (ids.length === 0) break;
        for (const id of ids) {
          if (!(await moveTenant(client, id, to))) continue;
          moved += 1;
          if (moved % PROGRESS_EVERY === 0 || moved === total) {
            progress(`moved ${moved} of ${total} tenants`);
          }
        }
        left -= ids.length;
      }
    }
  }
  return moved;
}

async function takeLock(client: pg.ClientBase): Promise<void> {
  for (let attempt = 1; !(await lockSpread(client)); attempt += 1) {
    if (attempt === LOCK_TRIES) {
      throw refused('Another usage:spread is at work: wait until it has ended.');
    }
    await pause(LOCK_PAUSE_MS);
  }
}

function refused(message: string): BillingError {
  return new BillingError('invalid_request', message);
}
