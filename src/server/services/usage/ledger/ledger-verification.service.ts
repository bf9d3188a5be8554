import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Database } from '../../../../db/client.ts';
import {
  findSetting,
  writeSetting,
} from '../../../../db/repositories/operations/setting.repository.ts';
import { bucketOf, type BucketConnection } from '../../../../db/repositories/usage/bucket.ts';
import {
  holdAllPlaces,
  listBucketNumbers,
} from '../../../../db/repositories/usage/buckets/placement.ts';
import {
  listDifferences,
  listVerifiablePeriods,
  rebuildCounter,
  type Difference,
} from '../../../../db/repositories/usage/verify.ts';
import type { Clock } from '../../../../domain/clock.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Logger } from '../../../log.ts';
import { LAST_VERIFICATION_SETTING } from '../../operations/health.service.ts';
import { archivePeriod, restorePeriod, type Archived } from './archive.ts';

const noted = z.object({ differences: z.number(), at: z.string() });

export interface LedgerVerificationDeps {
  database: Database;
  clock: Clock;
  log: Logger;
}

export interface Verification {
  periods: Period[];
  differences: Difference[];
  /** How many of them were mended. */
  rebuilt: number;
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

  /** Verifies every month whose ledger is here. With `rebuild` what differs is mended at once. */
  async verify(options: { rebuild?: boolean } = {}): Promise<Verification> {
    const { pool, db } = this.#database;
    const found = new Set<Period>();
    const differences: Difference[] = [];
    for (const number of await listBucketNumbers(pool)) {
      const bucket = bucketOf(pool, number);
      for (const period of await listVerifiablePeriods(bucket)) {
        found.add(period);
        for (const one of await listDifferences(bucket, period)) differences.push(one);
      }
    }
    const periods = [...found].toSorted().toReversed();
    const rebuilt = options.rebuild ? await this.#rebuild(differences) : 0;
    for (const difference of differences) this.#log.error({ difference }, 'usage does not balance');
    const left = differences.length - rebuilt;
    const now = this.#clock.now();
    await writeSetting(
      db,
      LAST_VERIFICATION_SETTING,
      { differences: left, at: now.toISOString() },
      now,
    );
    return { periods, differences, rebuilt };
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

  async #rebuild(differences: readonly Difference[]): Promise<number> {
    for (const difference of differences) {
      const { bucket: schema } = difference;
      await this.#inTransaction((client) =>
        rebuildCounter({ schema, client }, difference, this.#clock.now()),
      );
    }
    return differences.length;
  }

  /** Over all buckets, while no tenant is moved and no bucket made. */
  #withAllPlaced<T>(work: (buckets: BucketConnection[]) => Promise<T>): Promise<T> {
    return this.#inTransaction(async (client) => {
      await holdAllPlaces(client);
      const numbers = await listBucketNumbers(client);
      return work(numbers.map((number) => bucketOf(client, number)));
    });
  }

  async #inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#database.pool.connect();
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
}
