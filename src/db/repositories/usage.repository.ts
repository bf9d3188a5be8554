import type { Readable } from 'node:stream';
import type pg from 'pg';
import type { Period } from '../../domain/period.ts';
import type { BucketPlace } from '../buckets/nodes.ts';
import type { Database } from '../client.ts';
import { repeated } from '../repeated.ts';
import type { AdmissionBatch, AdmissionCall } from './usage/admission/admit.ts';
import { admitAll, type AdmissionMode, type AdmissionResult } from './usage/admission/admit-all.ts';
import { correctUsage } from './usage/corrections/correct.ts';
import { ReversalRepository } from './usage/corrections/reversal.repository.ts';
import type { Correction, Reset } from './usage/corrections/rows.ts';
import { beginBatch, type BeginCall } from './usage/begin.ts';
import { streamLedgerCsv, streamReportCsv } from './usage/export.ts';
import { bucketOf, type Bucket } from './usage/bucket.ts';
import { withQueryTimeout } from './usage/hot-path.ts';
import { findArchive } from './usage/ledger/archive.ts';
import { listMemberRooms } from './usage/ledger/members.ts';
import { sumByPart } from './usage/ledger/breakdown.ts';
import { findExpiry, findKeyTime } from './usage/find.ts';
import { ensurePartition } from './usage/periods.ts';
import { listDrawnAtPrices, readOverages, type OverageKey } from './usage/credits/overage.ts';
import { AllowanceRepository } from './usage/ledger/allowance.repository.ts';
import { listBalances } from './usage/credits/balances.ts';
import { listMovements, readCredits, readLeft, streamMovementsCsv } from './usage/credits/read.ts';
import {
  findLastSeq,
  findTakenBack,
  hasOpenHold,
  listUnbilled,
  streamProofRows,
  sumOverage,
} from './usage/credits/unbilled.ts';
import { lookUpCounters, readCounters, readDays } from './usage/read.ts';
import type { Counter, CounterKey, UsageOfDay } from './usage/read.ts';
import type { SettleCall, Settlement } from './usage/settle.ts';
import { settleAll } from './usage/settle-all.ts';

type AfterBucket<F> = F extends (bucket: never, ...rest: infer Rest) => unknown ? Rest : never;

/** What runs beside the calls, over many rows, has more time than a call. */
const SWEEP_WITHIN_MS = 60_000;

type MainDatabase = Pick<Database, 'db' | 'pool' | 'buckets'>;

export interface UsageRepositoryOptions {
  /** The bucket's number; the first unless told. */
  number?: number;
  /** The connections to it; the main database's unless told. */
  place?: Omit<BucketPlace, 'number' | 'node'>;
  answerWithinMs?: number | undefined;
}

/**
 * The one place that reads and writes usage, of one bucket. Writes go through the database's own
 * functions. What is asked about a tenant that is not in this bucket is answered as if there were
 * none: whoever asks knows where else it may be.
 */
export class UsageRepository {
  /** Changes of months' quotas, and what rolls over. */
  readonly allowances: AllowanceRepository;
  /** Rows of the ledger, and what took them back. */
  readonly reversals: ReversalRepository;
  readonly #main: MainDatabase;
  readonly #bucket: Bucket<pg.Pool>;
  readonly #hot: Bucket;

  /** A batch that is not answered after `answerWithinMs` rejects as if the database were away. */
  constructor(database: MainDatabase, options: UsageRepositoryOptions = {}) {
    const { number, answerWithinMs = 10_000 } = options;
    const { pool, ...how } = options.place ?? { pool: database.pool };
    this.#main = database;
    this.#bucket = bucketOf(pool, number, how);
    this.allowances = new AllowanceRepository(this.#bucket);
    this.reversals = new ReversalRepository(this.#bucket, number);
    this.#hot = bucketOf(withQueryTimeout(pool, answerWithinMs), number, how);
  }

  /** Records one consumption (or reserves), as a batch of one. */
  async record(
    batch: Omit<AdmissionBatch, 'calls'>,
    call: AdmissionCall,
  ): Promise<AdmissionResult> {
    return (await this.admit({ ...batch, calls: [call] }))[0]!;
  }

  /** Admits a batch; see `usage_admit_calls`. */
  admit(batch: AdmissionBatch, mode?: AdmissionMode): Promise<AdmissionResult[]> {
    return admitAll(this.#hot, batch, mode);
  }

  /** Settles and releases a batch of reservations, each named once; see `usage_settle`. */
  settle(now: Date, calls: readonly SettleCall[]): Promise<(Settlement | Error)[]> {
    return settleAll(this.#hot, now, calls);
  }

  /** Notes that the work of reservations began, and what is owed of it by now; answers which are here. */
  begin(calls: readonly BeginCall[]): Promise<boolean[]> {
    return beginBatch(this.#hot, calls);
  }

  /** Deletes reservations that were closed, or have expired, before; answers how many. */
  async prune(closedBefore: Date, expiredBefore: Date, max = 10_000): Promise<number> {
    const values = [closedBefore, expiredBefore, max];
    const text = 'usage_prune($1, $2, $3) as pruned';
    const rows = await this.#sweep<{ pruned: string }>(text, values);
    return Number(rows[0]!.pruned);
  }

  /** When a reservation expires, or did; `undefined` when it is unknown or pruned. */
  findExpiry(tenantId: string, id: string): Promise<Date | undefined> {
    return findExpiry(this.#bucket, tenantId, id);
  }

  /** When a key answered for the first time; `undefined` when it never did. */
  findKeyTime(tenantId: string, key: string): Promise<Date | undefined> {
    return findKeyTime(this.#bucket, tenantId, key);
  }

  /** Ends reservations past their time; answers the tenants whose counters moved. */
  async expire(now: Date, groupsMax = 1_000): Promise<string[]> {
    const text = 'usage_expire($1, $2) as tenant';
    const rows = await this.#sweep<{ tenant: string }>(text, [now, groupsMax]);
    return rows.map((row) => row.tenant);
  }

  /** A tenant's counters of a month, those that exist. */
  getUsage(tenantId: string, period: Period): Promise<Counter[]> {
    return readCounters(this.#bucket, tenantId, period);
  }

  /** Many counters in one round trip; `undefined` for one that does not exist yet. */
  lookUp(keys: readonly CounterKey[]) {
    return lookUpCounters(this.#hot, keys);
  }

  getDays(tenantId: string, first: Period, last: Period): Promise<UsageOfDay[]> {
    return readDays(this.#bucket, tenantId, first, last);
  }

  /** A month's usage in parts; see `sumByPart`. */
  sumByPart(...wanted: AfterBucket<typeof sumByPart>) {
    return sumByPart(this.#bucket, ...wanted);
  }

  /** Limits of members, and what of them is used; see `listMemberRooms`. */
  listMemberRooms(...wanted: AfterBucket<typeof listMemberRooms>) {
    return listMemberRooms(this.#bucket, ...wanted);
  }

  /** `undefined` when the tenant is not here. */
  streamLedger(...wanted: AfterBucket<typeof streamLedgerCsv>): Promise<Readable | undefined> {
    return streamLedgerCsv(this.#bucket, ...wanted);
  }

  /** The usage of some days as people read it; see `streamReportCsv`. */
  streamReport(...wanted: AfterBucket<typeof streamReportCsv>): Promise<Readable | undefined> {
    return streamReportCsv(this.#bucket, ...wanted);
  }

  /** A tenant's credits; `undefined` when nothing of the tenant is here. */
  readCredits(...wanted: AfterBucket<typeof readCredits>) {
    return readCredits(this.#bucket, ...wanted);
  }

  /** What tenants may use and be billed for; `undefined` for one that is not known here. */
  readOverages(keys: readonly OverageKey[]) {
    return readOverages(this.#hot, keys);
  }

  /** What of a month's overage was drawn, by its prices. */
  listDrawnAtPrices(...asked: AfterBucket<typeof listDrawnAtPrices>) {
    return listDrawnAtPrices(this.#bucket, ...asked);
  }

  /** What is left of one grant; `undefined` when it is not here. */
  readLeft(...wanted: AfterBucket<typeof readLeft>) {
    return readLeft(this.#bucket, ...wanted);
  }

  /** What many tenants can draw of their grants. */
  listBalances(...asked: AfterBucket<typeof listBalances>) {
    return listBalances(this.#bucket, ...asked);
  }

  /** Movements of a tenant's credits from the newest on. */
  listMovements(...wanted: AfterBucket<typeof listMovements>) {
    return listMovements(this.#bucket, ...wanted);
  }

  /** All of them as CSV; `undefined` when the tenant is not here. */
  streamMovements(tenantId: string): Promise<Readable | undefined> {
    return streamMovementsCsv(this.#bucket, tenantId);
  }

  /** Who used overage that no statement has yet. */
  listUnbilled() {
    return listUnbilled(this.#bucket);
  }

  /** Whether work of a month, or of one before it, may still be settled. */
  hasOpenHold(...asked: AfterBucket<typeof hasOpenHold>) {
    return hasOpenHold(this.#bucket, ...asked);
  }

  /** The number of an account's last movement. */
  findLastSeq(tenantId: string) {
    return findLastSeq(this.#bucket, tenantId);
  }

  /** Where a run begins, and ceases, to take back what is in other runs. */
  findTakenBack(...run: AfterBucket<typeof findTakenBack>) {
    return findTakenBack(this.#bucket, ...run);
  }

  /** What of a run of movements is overage, summed as it is billed. */
  sumOverage(...run: AfterBucket<typeof sumOverage>) {
    return sumOverage(this.#bucket, ...run);
  }

  /** A run of movements as rows of a proof; `undefined` when the tenant is not here. */
  streamProofRows(...run: AfterBucket<typeof streamProofRows>) {
    return streamProofRows(this.#bucket, ...run);
  }

  async isArchived(period: Period): Promise<boolean> {
    return (await findArchive(this.#bucket, period)) !== undefined;
  }

  /** Makes the partitions of `periods`, so that no call has to. */
  async ensurePartitions(periods: readonly Period[]): Promise<void> {
    for (const period of periods) await ensurePartition(this.#bucket, period);
  }

  /** Writes a correction, in whichever bucket the tenant is; answers `used` after it. */
  async correct(correction: Correction): Promise<number> {
    return (await correctUsage(this.#main, correction)).after;
  }

  /** Takes a counter to zero by corrections, in whichever bucket; answers what it stood at. */
  async resetUsage(reset: Reset): Promise<number> {
    return (await correctUsage(this.#main, reset)).before;
  }

  async #sweep<Row extends pg.QueryResultRow>(call: string, values: unknown[]): Promise<Row[]> {
    const text = `select ${this.#bucket.schema}.${call}`;
    const config = { text, values, query_timeout: SWEEP_WITHIN_MS };
    return (await repeated(() => this.#bucket.client.query<Row>(config))).rows;
  }
}
