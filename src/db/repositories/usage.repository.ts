import type { Readable } from 'node:stream';
import { and, eq } from 'drizzle-orm';
import type { Period } from '../../domain/period.ts';
import type { ResourceType } from '../../domain/quota.ts';
import type { Database } from '../client.ts';
import { usageArchives, usageIdempotency, usageReservations } from '../schema/index.ts';
import type { UsageReservation } from '../schema/index.ts';
import type { AdmissionBatch, AdmissionCall } from './usage/admit.ts';
import { admitAll, type AdmissionMode, type AdmissionResult } from './usage/admit-all.ts';
import { writeCorrection, writeReset, type Correction } from './usage/correct.ts';
import { beginBatch, type BeginCall } from './usage/begin.ts';
import { streamLedgerCsv } from './usage/export.ts';
import { impatient, type Asks } from './usage/hot-path.ts';
import { ensurePartition, openPeriod } from './usage/periods.ts';
import { lookUpCounters, readCounters, readDays } from './usage/read.ts';
import type { Counter, CounterKey, UsageOfDay } from './usage/read.ts';
import type { SettleCall, Settlement } from './usage/settle.ts';
import { settleAll } from './usage/settle-all.ts';

/** What runs beside the calls, over many rows, has more time than a call. */
const SWEEP_WITHIN_MS = 60_000;

/** The one place that reads and writes usage. Writes go through the database's own functions. */
export class UsageRepository {
  readonly #database: Pick<Database, 'db' | 'pool'>;
  readonly #hot: Asks;

  /** A batch that is not answered after `answerWithinMs` rejects as if the database were away. */
  constructor(database: Pick<Database, 'db' | 'pool'>, answerWithinMs = 10_000) {
    this.#database = database;
    this.#hot = impatient(database.pool, answerWithinMs);
  }

  /** Records one consumption (or reserves), as a batch of one. */
  async record(
    batch: Omit<AdmissionBatch, 'calls'>,
    call: AdmissionCall,
  ): Promise<AdmissionResult> {
    const [result] = await this.admit({ ...batch, calls: [call] });
    return result!;
  }

  /** Admits a batch; see `usage_admit`. */
  admit(batch: AdmissionBatch, mode?: AdmissionMode): Promise<AdmissionResult[]> {
    return admitAll(this.#hot, batch, mode);
  }

  /** Settles and releases a batch of reservations, each named once; see `usage_settle`. */
  settle(now: Date, calls: readonly SettleCall[]): Promise<(Settlement | Error)[]> {
    return settleAll(this.#hot, now, calls);
  }

  /** Notes that the work of reservations began, and what is owed of it by now. */
  begin(calls: readonly BeginCall[]): Promise<void> {
    return beginBatch(this.#hot, calls);
  }

  /**
   * Deletes reservations that were closed before `closedBefore` (expired ones: `expiredBefore`), at
   * most `max`; answers how many.
   */
  async prune(closedBefore: Date, expiredBefore: Date, max = 10_000): Promise<number> {
    const config = {
      text: 'select usage_prune($1, $2, $3) as pruned',
      values: [closedBefore, expiredBefore, max],
      query_timeout: SWEEP_WITHIN_MS,
    };
    const result = await this.#database.pool.query<{ pruned: string }>(config);
    return Number(result.rows[0]!.pruned);
  }

  async findReservation(tenantId: string, id: string): Promise<UsageReservation | undefined> {
    const [row] = await this.#database.db
      .select()
      .from(usageReservations)
      .where(and(eq(usageReservations.tenantId, tenantId), eq(usageReservations.id, id)));
    return row;
  }

  /** When a key answered for the first time; throws when it never did. */
  async findKeyTime(tenantId: string, key: string): Promise<Date> {
    const [row] = await this.#database.db
      .select({ createdAt: usageIdempotency.createdAt })
      .from(usageIdempotency)
      .where(and(eq(usageIdempotency.tenantId, tenantId), eq(usageIdempotency.key, key)));
    return row!.createdAt;
  }

  /** Ends reservations past their time; answers the tenants whose counters moved. */
  async expire(now: Date, groupsMax = 1_000): Promise<string[]> {
    const config = {
      text: 'select usage_expire($1, $2) as tenant',
      values: [now, groupsMax],
      query_timeout: SWEEP_WITHIN_MS,
    };
    const result = await this.#database.pool.query<{ tenant: string }>(config);
    return result.rows.map((row) => row.tenant);
  }

  /** A tenant's counters of a month, those that exist. */
  getUsage(tenantId: string, period: Period): Promise<Counter[]> {
    return readCounters(this.#database.pool, tenantId, period);
  }

  /** What a tenant used of one resource in a month. */
  async getTotalUsage(
    tenantId: string,
    resourceType: ResourceType,
    period: Period,
  ): Promise<number> {
    const [counter] = await this.lookUp([{ tenantId, resourceType, period }]);
    return counter?.used ?? 0;
  }

  /** Many counters in one round trip; `undefined` for one that does not exist yet. */
  lookUp(keys: readonly CounterKey[]) {
    return lookUpCounters(this.#hot, keys);
  }

  getDays(tenantId: string, first: Period, last: Period): Promise<UsageOfDay[]> {
    return readDays(this.#database.pool, tenantId, first, last);
  }

  streamLedger(tenantId: string, period: Period): Promise<Readable> {
    return streamLedgerCsv(this.#database.pool, tenantId, period);
  }

  async isArchived(period: Period): Promise<boolean> {
    const found = await this.#database.db
      .select({ period: usageArchives.period })
      .from(usageArchives)
      .where(eq(usageArchives.period, period));
    return found.length > 0;
  }

  /** Tells every process that the usage of these tenants (ids, comma between) moved. */
  async notifyChanged(tenantIds: string): Promise<void> {
    await this.#database.pool.query(`select pg_notify('usage_changed', $1)`, [tenantIds]);
  }

  /** Makes the partitions of `periods`, so that no call has to. */
  async ensurePartitions(periods: readonly Period[]): Promise<void> {
    for (const period of periods) await ensurePartition(this.#database.pool, period);
  }

  /** Writes a correction; answers `used` after it. */
  async correct(correction: Correction): Promise<number> {
    const { pool, db } = this.#database;
    await openPeriod(pool, correction.period, [correction.tenantId]);
    await ensurePartition(pool, correction.period);
    return writeCorrection(db, correction);
  }

  /** Takes a counter to zero by corrections in the ledger; answers what it stood at. */
  async resetUsage(reset: Omit<Correction, 'amount' | 'occurredAt'>): Promise<number> {
    await ensurePartition(this.#database.pool, reset.period);
    return writeReset(this.#database.db, reset);
  }
}
