import type { Db } from '../../../../db/client.ts';
import {
  beginRun,
  endRun,
  pruneRuns,
  readCustomerFingerprint,
} from '../../../../db/repositories/operations/reconcile-run.repository.ts';
import {
  MENDED_KINDS,
  type MendedTenant,
  type RunTrigger,
} from '../../../../domain/accounts/reconcile-run.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { keptSince } from '../../../../domain/accounts/retention.ts';
import { errorText } from '../../../log/error-text.ts';
import type { SweepResult } from './sweep.ts';

/** So many of each list are kept; the numbers count all. */
const LISTED_MAX = 100;

/**
 * What one comparison of all customers found: a customer whose rows are others after it was read was not as
 * Stripe had it. A webhook that comes in the same moment counts with it.
 */
export class RunLog {
  readonly #deps: { db: Db; clock: Clock };
  readonly #id: number;
  #customers = 0;
  readonly #mended: MendedTenant[] = [];

  private constructor(deps: { db: Db; clock: Clock }, id: number) {
    this.#deps = deps;
    this.#id = id;
  }

  /** Begins one, and forgets those of long ago. */
  static async begin(deps: { db: Db; clock: Clock }, trigger: RunTrigger): Promise<RunLog> {
    const begunAt = deps.clock.now();
    await pruneRuns(deps.db, keptSince('reconcileRuns', begunAt));
    return new RunLog(deps, await beginRun(deps.db, { trigger, begunAt }));
  }

  /** Has a customer read, and notes what of it was not as it should be. */
  async watch<T>(customerId: string, read: () => Promise<T>): Promise<T> {
    this.#customers += 1;
    const { db } = this.#deps;
    const before = await readCustomerFingerprint(db, customerId);
    const outcome = await read();
    const after = await readCustomerFingerprint(db, customerId);
    const kinds = MENDED_KINDS.filter((kind) => after && before?.[kind] !== after[kind]);
    if (after && kinds.length > 0) this.#mended.push({ tenantId: after.tenantId, kinds });
    return outcome;
  }

  /** Notes how it ended: `error` where that was before its time. */
  async end({ failed, missing }: SweepResult, error?: unknown): Promise<void> {
    const faults = [
      ...failed,
      ...missing.map((customerId) => ({ customerId, error: 'Stripe has no such customer.' })),
    ];
    await endRun(this.#deps.db, this.#id, {
      endedAt: this.#deps.clock.now(),
      customers: this.#customers,
      mendedCount: this.#mended.length,
      mended: this.#mended.slice(0, LISTED_MAX),
      failedCount: faults.length,
      failed: faults.slice(0, LISTED_MAX),
      error: error === undefined ? null : errorText(error),
    });
  }
}
