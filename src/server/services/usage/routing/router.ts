import type { Database } from '../../../../db/client.ts';
import { UsageRepository } from '../../../../db/repositories/usage.repository.ts';
import type { AdmissionBatch } from '../../../../db/repositories/usage/admission/admit.ts';
import type {
  AdmissionMode,
  AdmissionResult,
} from '../../../../db/repositories/usage/admission/admit-all.ts';
import type { BeginCall } from '../../../../db/repositories/usage/begin.ts';
import { awaitPlaced, type Place } from '../../../../db/repositories/usage/buckets/placement.ts';
import type { OverageKey, OverageNow } from '../../../../db/repositories/usage/credits/overage.ts';
import type { Counter, CounterKey } from '../../../../db/repositories/usage/read.ts';
import type { SettleCall, Settlement } from '../../../../db/repositories/usage/settle.ts';
import { isDatabaseAway } from '../../../../db/database-error.ts';
import { BucketDirectory } from './directory.ts';
import { syncEntitlement } from './bucket-sync.ts';

export interface UsageRouterDeps {
  database: Pick<Database, 'db' | 'pool' | 'buckets'>;

  /** How long a bucket may take for a batch until it counts as away. */
  answerWithinMs?: number | undefined;
}

interface BucketRepository {
  node: string | null;
  repository: UsageRepository;
}

type Looked = Pick<Counter, 'used' | 'held' | 'limit'> | undefined;

/** A tenant that is moved more often than that while it is asked for is moved by a fault. */
const MOVES_MAX = 100;

/**
 * Asks metering in the bucket in which a tenant's lies. Where it is asked in vain (a tenant was moved
 * since this process looked) the main tables say where it is, and that bucket is asked. That there is
 * nothing is believed only when the tenant's row stayed the same from before it was asked until after:
 * then it was not moved meanwhile.
 */
export class UsageRouter {
  readonly directory: BucketDirectory;
  /** The first bucket, asked through the main database: for what is the same in all of them. */
  readonly first: UsageRepository;
  readonly #deps: UsageRouterDeps;
  readonly #buckets: (BucketRepository | undefined)[] = [];

  constructor(deps: UsageRouterDeps) {
    this.#deps = deps;
    this.directory = new BucketDirectory(deps);
    this.first = new UsageRepository(deps.database, deps);
  }

  /** The bucket of a number, where it lies now. */
  async bucket(number: number): Promise<UsageRepository> {
    const { database, answerWithinMs } = this.#deps;
    const place = await database.buckets.of(number);
    const known = this.#buckets[number];
    if (known?.node === place.node) return known.repository;
    const repository = new UsageRepository(database, { number, place, answerWithinMs });
    this.#buckets[number] = { node: place.node, repository };
    return repository;
  }

  /**
   * Batches that a bucket takes at once, where its server takes `most`: as many as the other buckets on that
   * server leave, and one at least. With Citus one: there a batch costs some milliseconds of the processor
   * whatever its size, so that two that share what waits take twice that.
   */
  batchesMax(
    bucket: number,
    most: number,
    runningOn: (isThere: (other: number) => boolean) => number,
  ) {
    const { buckets } = this.#deps.database;
    const { node, byCitus } = buckets.known(bucket);
    if (byCitus) return 1;
    return Math.max(1, most - runningOn((other) => buckets.known(other).node === node));
  }

  /**
   * Runs `work` in one bucket after the other; one that fails keeps none of the others from it. Those on
   * other servers that do not answer are left for the next time, and told to `onAway`.
   */
  async inEach<T>(
    work: (bucket: UsageRepository) => Promise<T>,
    onAway: (node: string, error: unknown) => void = () => {},
  ): Promise<T[]> {
    const done: T[] = [];
    const failed: unknown[] = [];
    for (const { number, node } of await this.#deps.database.buckets.list()) {
      await this.bucket(number)
        .then(work)
        .then(
          (result) => done.push(result),
          (error: unknown) => {
            if (node !== null && isDatabaseAway(error)) onAway(node, error);
            else failed.push(error);
          },
        );
    }
    if (failed.length > 0) throw failed[0];
    return done;
  }

  /** Admits a batch, in `bucket` first; see `UsageRepository.admit`. */
  admit(bucket: number, batch: AdmissionBatch, mode?: AdmissionMode): Promise<AdmissionResult[]> {
    return this.#ask<AdmissionBatch['calls'][number], AdmissionResult>(
      bucket,
      batch.calls,
      (repository, calls) => repository.admit({ ...batch, calls }, mode),
      (result) => !(result instanceof Error) && result.outcome === 'unknown_tenant',
    );
  }

  /** Settles and releases reservations, each named once, in `bucket` first. */
  settle(bucket: number, now: Date, calls: readonly SettleCall[]): Promise<(Settlement | Error)[]> {
    return this.#ask<SettleCall, Settlement | Error>(
      bucket,
      calls,
      (repository, some) => repository.settle(now, some),
      (result) => !(result instanceof Error) && result.outcome === 'unknown',
    );
  }

  /** Notes that the work of reservations began, in `bucket` first; false for one nobody knows. */
  begin(bucket: number, calls: readonly BeginCall[]): Promise<(boolean | Error)[]> {
    return this.#ask<BeginCall, boolean | Error>(
      bucket,
      calls,
      (repository, some) => repository.begin(some),
      (known) => known === false,
    );
  }

  /** Many counters in one round trip, in `bucket` first; `undefined` for one that does not exist. */
  lookUp(bucket: number, keys: readonly CounterKey[]): Promise<(Looked | Error)[]> {
    return this.#ask<CounterKey, Looked | Error>(
      bucket,
      keys,
      (repository, some) => repository.lookUp(some),
      (counter) => counter === undefined,
    );
  }

  /** What there is of overage, in `bucket` first; `undefined` for a tenant that nobody knows. */
  readOverages(bucket: number, keys: readonly OverageKey[]): Promise<(OverageNow | undefined)[]> {
    return this.#ask<OverageKey, OverageNow | undefined>(
      bucket,
      keys,
      (repository, some) => repository.readOverages(some),
      (overage) => overage === undefined,
    );
  }

  /** What one tenant's bucket answers; asked again elsewhere while that is `empty`. */
  async read<T>(
    tenantId: string,
    ask: (bucket: UsageRepository) => Promise<T>,
    isEmpty: (answer: T) => boolean,
  ): Promise<T> {
    const bucket = this.directory.guess(tenantId) ?? (await this.directory.lookUp(tenantId));
    const [answer] = await this.#ask<{ tenantId: string }, T>(
      bucket,
      [{ tenantId }],
      async (repository) => [await ask(repository)],
      isEmpty,
    );
    return answer!;
  }

  async #ask<Call extends { tenantId: string }, Answer>(
    first: number,
    calls: readonly Call[],
    ask: (bucket: UsageRepository, calls: readonly Call[]) => Promise<Answer[]>,
    isAbsent: (answer: Answer) => boolean,
  ): Promise<Answer[]> {
    const answers = await ask(await this.bucket(first), calls);
    let absent = placesOf(answers, isAbsent);
    let before = new Map<string, Place>();
    for (let round = 0; absent.length > 0 && round < MOVES_MAX; round += 1) {
      const now = await this.#whereAre([...new Set(absent.map((place) => calls[place]!.tenantId))]);
      const moved = absent.filter((place) => {
        const id = calls[place]!.tenantId.toLowerCase();
        return now.has(id) && now.get(id)!.version !== before.get(id)?.version;
      });
      const byBucket = Map.groupBy(
        moved,
        (place) => now.get(calls[place]!.tenantId.toLowerCase())!.bucket,
      );
      for (const [bucket, places] of byBucket) {
        const some = places.map((place) => calls[place]!);
        const again = await ask(await this.bucket(bucket), some);
        places.forEach((place, i) => (answers[place] = again[i]!));
      }
      absent = moved.filter((place) => isAbsent(answers[place]!));
      before = now;
    }
    return answers;
  }

  /**
   * Where tenants are, read when nobody was in the middle of moving them and their buckets knew of them: of two
   * servers that a move goes over one shows it before the other, the main database or the one that they leave.
   * What was read before such a move was waited for says nothing, and neither does a bucket that was not told.
   */
  async #whereAre(tenantIds: readonly string[]): Promise<Map<string, Place>> {
    let places = await this.directory.read(tenantIds);
    while (await this.#settle(places)) {
      const before = places;
      places = await this.directory.read(tenantIds);
      const stayed = ([id, { version, unsynced }]: [string, Place]) =>
        !unsynced && before.get(id)?.version === version;
      if ([...places].every(stayed)) break;
    }
    return places;
  }

  /**
   * Has buckets know of tenants, and be through with moving them; those that somebody else moves or tells of are
   * waited for. Whether what was read of any of them may be wrong by now.
   */
  async #settle(places: Map<string, Place>): Promise<boolean> {
    const { database } = this.#deps;
    const underWay: string[] = [];
    let isInDoubt = false;
    for (const [id, { bucket, unsynced }] of places) {
      const isSettled = !unsynced && (await database.buckets.of(bucket)).node === null;
      const isSynced = unsynced && (await syncEntitlement(database, id));
      if (!isSettled && !isSynced) underWay.push(id);
      isInDoubt ||= !isSettled;
    }
    await awaitPlaced(database.pool, underWay);
    return isInDoubt;
  }
}

function placesOf<Answer>(
  answers: readonly Answer[],
  isWanted: (answer: Answer) => boolean,
): number[] {
  const places: number[] = [];
  for (let place = 0; place < answers.length; place += 1) {
    if (isWanted(answers[place]!)) places.push(place);
  }
  return places;
}
