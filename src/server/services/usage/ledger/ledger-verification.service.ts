import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import type { Database } from '../../../../db/client.ts';
import {
  findSetting,
  writeSetting,
} from '../../../../db/repositories/operations/setting.repository.ts';
import { bucketOf, type BucketConnection } from '../../../../db/repositories/usage/bucket.ts';
import { bucketNumber, bucketSchema } from '../../../../db/buckets.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import type { CopyDifference } from '../../../../db/repositories/usage/buckets/compare.ts';
import {
  compareCopies,
  mendCopies,
} from '../../../../db/repositories/usage/buckets/compare-copies.ts';
import {
  holdAllPlaces,
  listBucketNumbers,
} from '../../../../db/repositories/usage/buckets/placement.ts';
import {
  listDifferences,
  listVerifiablePeriods,
  rebuildCounter,
  type CounterName,
  type Difference,
} from '../../../../db/repositories/usage/verify.ts';
import {
  listCreditDifferences,
  type CreditDifference,
} from '../../../../db/repositories/usage/credits/verify.ts';
import { listRateCards } from '../../../../db/repositories/billing/rate-card.repository.ts';
import {
  listRatedDifferences,
  type RatedDifference,
} from '../../../../db/repositories/usage/ledger/rated.ts';
import {
  listLimitDifferences,
  type LimitDifference,
} from '../../../../db/repositories/usage/ledger/limits.ts';
import {
  listMemberDifferences,
  type MemberDifference,
} from '../../../../db/repositories/usage/ledger/members.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Logger } from '../../../log.ts';
import { LAST_VERIFICATION_SETTING } from '../../operations/health.service.ts';
import {
  archivePeriod,
  findArchivable,
  getArchive,
  restorePeriod,
  type Archived,
} from './archive.ts';

const noted = z.object({ differences: z.number(), at: z.string() });

export interface LedgerVerificationDeps {
  database: Database;
  clock: Clock;
  log: Logger;
}

export interface Verification {
  periods: Period[];
  differences: Difference[];
  /** Tenants of which a bucket knows something else than the main tables say. */
  copies: CopyDifference[];
  /** Where credits do not agree with their draws, or counters with these. */
  credits: CreditDifference[];
  /** Charges of tokens that raw counts and rate card do not make. */
  rated: RatedDifference[];
  /** Counters of members that are not what they count. */
  members: MemberDifference[];
  /** Limits of counters that plan and allowances do not make. */
  limits: LimitDifference[];
  /** How many of both were mended. */
  rebuilt: number;
  /** Buckets on servers that do not answer: nothing is known of these. */
  away: string[];
}

/**
 * The books of metering: compares every counter with the ledger and the reservations, mends it
 * from them, and moves old months out of the database and back.
 */
export class LedgerVerificationService {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(deps: LedgerVerificationDeps) {
    this.#database = deps.database;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /**
   * Verifies every month whose ledger is here, and notes the result for `doctor`. With `rebuild` what
   * differs is mended at once; with `report: false` nothing is noted.
   */
  async verify({ rebuild = false, report = true } = {}): Promise<Verification> {
    const { buckets, db } = this.#database;
    const months = new Set<Period>();
    const differences: Difference[] = [];
    const credits: CreditDifference[] = [];
    const rated: RatedDifference[] = [];
    const members: MemberDifference[] = [];
    const limits: LimitDifference[] = [];
    const cards = await listRateCards(db);
    const away = new Set<string>();
    for (const { number, node } of await buckets.list()) {
      try {
        const bucket = bucketOf((await buckets.of(number)).pool, number);
        for (const period of await listVerifiablePeriods(bucket)) {
          months.add(period);
          for (const one of await listDifferences(bucket, period)) differences.push(one);
          for (const one of await listRatedDifferences(bucket, period, cards)) rated.push(one);
          for (const one of await listMemberDifferences(bucket, period)) members.push(one);
        }
        for (const one of await listCreditDifferences(bucket)) credits.push(one);
        for (const one of await listLimitDifferences(bucket)) limits.push(one);
      } catch (error) {
        if (node === null || !isDatabaseAway(error)) throw error;
        away.add(bucketSchema(number));
      }
    }
    const copies = await compareCopies(this.#database, away);
    const periods = [...months].toSorted().toReversed();
    let rebuilt = 0;
    if (rebuild) {
      rebuilt = await this.#rebuild(differences, credits);
      rebuilt += await mendCopies(this.#database, copies);
    }
    for (const difference of differences) this.#log.error({ difference }, 'usage does not balance');
    for (const difference of credits) this.#log.error({ difference }, 'credits do not balance');
    for (const difference of rated) this.#log.error({ difference }, 'a charge was weighed wrong');
    for (const difference of members)
      this.#log.error({ difference }, 'usage of a member does not balance');
    for (const difference of limits) this.#log.error({ difference }, 'a limit is another');
    for (const copy of copies) this.#log.error({ copy }, 'a bucket knows something else');
    for (const bucket of away) this.#log.error({ bucket }, 'a bucket could not be verified');
    const found = { differences, credits, rated, members, limits, copies };
    const left = Object.values(found).reduce((sum, { length }) => sum + length, -rebuilt);
    const now = this.#clock.now();
    const note = { differences: left, at: now.toISOString() };
    if (report) await writeSetting(db, LAST_VERIFICATION_SETTING, note, now);
    return { periods, ...found, rebuilt, away: [...away] };
  }

  /** What the last verification left, in whichever process it ran; `undefined` before the first. */
  async getLast(): Promise<{ differences: number; at: string } | undefined> {
    return noted.safeParse(await findSetting(this.#database.db, LAST_VERIFICATION_SETTING)).data;
  }

  /** Moves a month that is over into a compressed CSV under `folder`. */
  archive(period: Period, folder: string): Promise<Archived> {
    return this.#withAllPlaced((buckets) =>
      archivePeriod(buckets, { period, folder, now: this.#clock.now() }),
    );
  }

  /** Brings an archived month back; `file` when it lies elsewhere than where it was written. */
  restore(period: Period, file?: string): Promise<Archived> {
    return this.#withAllPlaced((buckets) => restorePeriod(buckets, period, file));
  }

  /** Refuses what `archive` would refuse of the month, and writes nothing. */
  planArchive(period: Period): Promise<void> {
    return this.#withAllPlaced(async (buckets) => {
      await findArchivable(buckets, period, this.#clock.now());
    });
  }

  /** Refuses to bring back what was not archived; answers which file `restore` would read. */
  planRestore(period: Period, file?: string): Promise<string> {
    return this.#withAllPlaced(async (buckets) => {
      const archived = await getArchive(buckets, period);
      return file ?? archived.file;
    });
  }

  /** Counters are written anew; draws and grants are what they are. Answers how many differences end. */
  async #rebuild(
    differences: readonly Difference[],
    credits: readonly CreditDifference[],
  ): Promise<number> {
    const ofCounters = credits.filter(
      ({ fault }) => fault === 'beyond' || fault === 'held_beyond',
    ) as CounterName[];
    for (const counter of [...differences, ...ofCounters]) {
      const number = bucketNumber(counter.bucket);
      const { pool } = await this.#database.buckets.of(number);
      await inTransaction(pool, (client) =>
        rebuildCounter(bucketOf(client, number), counter, this.#clock.now()),
      );
    }
    return differences.length + ofCounters.length;
  }

  /** Over all buckets, while no tenant is moved and no bucket made. */
  #withAllPlaced<T>(work: (buckets: BucketConnection[]) => Promise<T>): Promise<T> {
    return inTransaction(this.#database.pool, async (client) => {
      await holdAllPlaces(client);
      const apart = (await this.#database.buckets.list()).find(
        ({ node, byCitus }) => node !== null && !byCitus,
      );
      if (apart !== undefined) {
        throw new BillingError(
          'invalid_request',
          `${bucketSchema(apart.number)} lies on ${apart.node}, a server of its own: months are archived and brought back over one database, or a cluster.`,
        );
      }
      const numbers = await listBucketNumbers(client);
      return work(numbers.map((number) => bucketOf(client, number)));
    });
  }
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // Also after a COPY that broke half-way: such a connection is of no use any more.
    client.release(true);
    throw error;
  }
}
