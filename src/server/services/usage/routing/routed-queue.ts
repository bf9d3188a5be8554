import type { BucketDirectory } from './directory.ts';
import type { Batcher } from '../batching/batcher.ts';

/** One queue of calls a bucket; each call waits in that of its tenant's bucket. */
export class RoutedQueue<Call, Answer> {
  readonly #directory: Pick<BucketDirectory, 'guess' | 'lookUp'>;
  readonly #create: (bucket: number) => Batcher<Call, Answer>;
  readonly #batchers: Batcher<Call, Answer>[] = [];

  constructor(
    directory: Pick<BucketDirectory, 'guess' | 'lookUp'>,
    create: (bucket: number) => Batcher<Call, Answer>,
  ) {
    this.#directory = directory;
    this.#create = create;
  }

  /** Calls taken and not yet answered, over all buckets. */
  get unanswered(): number {
    // Where a bucket was never asked there is a hole, which `forEach` leaves out.
    let sum = 0;
    this.#batchers.forEach((batcher) => (sum += batcher.unanswered));
    return sum;
  }

  /** Batches under way in those of the other buckets that `isMeant`. */
  runningBeside(bucket: number, isMeant: (other: number) => boolean): number {
    let sum = 0;
    this.#batchers.forEach((batcher, other) => {
      if (other !== bucket && isMeant(other)) sum += batcher.running;
    });
    return sum;
  }

  /** Rejects with 503 `busy` when too many calls wait for the tenant's bucket. */
  submit(call: Call, tenantId: string): Promise<Answer> {
    const bucket = this.#directory.guess(tenantId);
    if (bucket !== undefined) return this.#of(bucket).submit(call, tenantId);
    return this.#directory.lookUp(tenantId).then((found) => this.#of(found).submit(call, tenantId));
  }

  /**
   * The answers in the order of `calls`, an Error for each that failed. Those of a bucket for which
   * too many wait fail together. Rejects when it cannot be looked up where they belong.
   */
  submitAll(calls: readonly Call[], tenantOf: (call: Call) => string): Promise<(Answer | Error)[]> {
    const guesses = calls.map((call) => this.#directory.guess(tenantOf(call)));
    const [first] = guesses;
    // Nearly always all of it goes to one bucket, and nothing has to be looked up.
    if (first !== undefined && guesses.every((bucket) => bucket === first)) {
      return this.#of(first).submitAll(calls, tenantOf);
    }
    return this.#submitApart(calls, guesses, tenantOf);
  }

  async #submitApart(
    calls: readonly Call[],
    guesses: readonly (number | undefined)[],
    tenantOf: (call: Call) => string,
  ): Promise<(Answer | Error)[]> {
    const buckets = await Promise.all(
      guesses.map((bucket, place) => bucket ?? this.#directory.lookUp(tenantOf(calls[place]!))),
    );
    const answers = new Array<Answer | Error>(calls.length);
    const byBucket = Map.groupBy(calls.keys(), (place) => buckets[place]!);
    await Promise.all(
      [...byBucket].map(async ([bucket, places]) => {
        const some = places.map((place) => calls[place]!);
        const answered = await this.#of(bucket).submitAll(some, tenantOf);
        places.forEach((place, i) => (answers[place] = answered[i]!));
      }),
    );
    return answers;
  }

  #of(bucket: number): Batcher<Call, Answer> {
    return (this.#batchers[bucket] ??= this.#create(bucket));
  }
}
