import { BillingError } from '../../../domain/errors.ts';

export interface BatcherOptions<Call, Answer> {
  /** Batches under way at once; calls of one tenant always share a lane, so their order holds. */
  lanes: number;
  batchMax: number;
  /** Calls that may wait before the next are refused with 503 `busy`. */
  waitingMax: number;
  /** Runs a batch; the answers are in its order. An Error among them is that call's alone. */
  run: (calls: Call[], lane: number) => Promise<(Answer | Error)[]>;
  /** Whether `call` may join a batch that begins with `first`; by default any may. */
  joins?: (first: Call, call: Call) => boolean;
}

interface Entry<Call, Answer> {
  call: Call;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

interface Lane<Call, Answer> {
  waiting: Entry<Call, Answer>[];
  busy: boolean;
}

/**
 * Turns single calls into batches without a timer: a call that finds its lane idle leaves at once,
 * with those made in the same turn of the event loop; calls that arrive while a batch is under way
 * wait for the next, which takes them all. So the busier it is, the larger the batches.
 */
export class Batcher<Call, Answer> {
  readonly #options: BatcherOptions<Call, Answer>;
  readonly #lanes: Lane<Call, Answer>[];
  #waiting = 0;

  constructor(options: BatcherOptions<Call, Answer>) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.lanes }, () => ({ waiting: [], busy: false }));
  }

  /** Calls taken and not yet answered. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Rejects with `busy` when too many calls wait already. */
  submit(call: Call, tenantId: string): Promise<Answer> {
    if (this.#waiting >= this.#options.waitingMax) return Promise.reject(BUSY);
    return new Promise((resolve, reject) => this.#enqueue({ call, resolve, reject }, tenantId));
  }

  /** The answers in the order of `calls`, an Error for each that failed. All wait, or none does. */
  submitAll(calls: readonly Call[], tenantOf: (call: Call) => string): Promise<(Answer | Error)[]> {
    if (this.#waiting + calls.length > this.#options.waitingMax) return Promise.reject(BUSY);
    if (calls.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      const answers = new Array<Answer | Error>(calls.length);
      let missing = calls.length;
      calls.forEach((call, place) => {
        const settle = (answer: Answer | Error) => {
          answers[place] = answer;
          if (--missing === 0) resolve(answers);
        };
        const reject = (error: unknown) => settle(error as Error);
        this.#enqueue({ call, resolve: settle, reject }, tenantOf(call));
      });
    });
  }

  #enqueue(entry: Entry<Call, Answer>, tenantId: string): void {
    const index = laneOf(tenantId, this.#lanes.length);
    const lane = this.#lanes[index]!;
    this.#waiting += 1;
    lane.waiting.push(entry);
    if (lane.busy) return;
    lane.busy = true;
    setImmediate(() => void this.#drain(lane, index));
  }

  async #drain(lane: Lane<Call, Answer>, index: number): Promise<void> {
    while (lane.waiting.length > 0) {
      const batch = this.#take(lane);
      try {
        const answers = await this.#options.run(
          batch.map((entry) => entry.call),
          index,
        );
        batch.forEach((entry, i) => {
          const answer = answers[i]!;
          if (answer instanceof Error) entry.reject(answer);
          else entry.resolve(answer);
        });
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
      this.#waiting -= batch.length;
      // Those just answered may call again at once: let them, so that they share the next batch.
      await new Promise(setImmediate);
    }
    lane.busy = false;
  }

  /** The longest run of calls, from the one that waited longest, that may go together. */
  #take(lane: Lane<Call, Answer>): Entry<Call, Answer>[] {
    const { batchMax, joins } = this.#options;
    const { waiting } = lane;
    let length = Math.min(waiting.length, batchMax);
    if (joins !== undefined) {
      const first = waiting[0]!.call;
      const odd = waiting.findIndex((entry, i) => i < length && !joins(first, entry.call));
      if (odd > 0) length = odd;
    }
    if (length === waiting.length) {
      lane.waiting = [];
      return waiting;
    }
    return waiting.splice(0, length);
  }
}

/** The same lane for the same tenant; ids are random, so a few of their digits spread well. */
function laneOf(tenantId: string, lanes: number): number {
  return lanes === 1 ? 0 : (Number.parseInt(tenantId.slice(-4), 16) || 0) % lanes;
}

/** One for all: where thousands are refused, a stack trace for each would cost more than the answer. */
const BUSY = new BillingError(
  'busy',
  'Too many metered calls are waiting right now; try again in a second.',
  { retryAfterSeconds: 1 },
);
