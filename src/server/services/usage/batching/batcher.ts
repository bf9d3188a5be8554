import { BillingError } from '../../../../domain/errors.ts';

export interface BatcherOptions<Call, Answer> {
  /** Batches under way at once; asked whenever one could leave. */
  batchesMax: () => number;
  callsMax: number;
  /** Calls that may wait before the next are refused with 503 `busy`. */
  waitingMax: number;
  /** Runs a batch; the answers are in its order. An Error among them is that call's alone. */
  run: (calls: Call[]) => Promise<(Answer | Error)[]>;
  /** Whether `call` may join a batch that begins with `first`; by default any may. */
  joins?: (first: Call, call: Call) => boolean;
}

interface Entry<Call, Answer> {
  call: Call;
  tenantId: string;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * With fewer calls than this waiting, a second batch beside the first would only make both smaller
 * and every answer later.
 */
const WORTH_ANOTHER = 64;

/**
 * Turns single calls into batches without a timer: a call that finds nothing under way leaves at
 * once, with those made in the same turn of the event loop; calls that arrive while a batch is
 * under way wait for the next, which takes them all. So the busier it is, the larger the batches.
 * When many wait, two or more batches run beside each other, so that one uses the processor while
 * another waits for the disk. Calls of one tenant never run beside each other: their order holds.
 */
export class Batcher<Call, Answer> {
  readonly #options: BatcherOptions<Call, Answer>;
  /** The tenants of each batch that is under way. */
  readonly #running: ReadonlySet<string>[] = [];
  #waiting: Entry<Call, Answer>[] = [];
  #unanswered = 0;
  #scheduled = false;

  constructor(options: BatcherOptions<Call, Answer>) {
    this.#options = options;
  }

  /** Batches under way. */
  get running(): number {
    return this.#running.length;
  }

  /** Calls taken and not yet answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Rejects with `busy` when too many calls wait already. */
  submit(call: Call, tenantId: string): Promise<Answer> {
    if (this.#unanswered >= this.#options.waitingMax) return Promise.reject(BUSY);
    return new Promise((resolve, reject) => this.#enqueue({ call, tenantId, resolve, reject }));
  }

  /**
   * The answers in the order of `calls`, an Error for each that failed. All wait, or, where they are too
   * many, none does and each is `busy`.
   */
  submitAll(calls: readonly Call[], tenantOf: (call: Call) => string): Promise<(Answer | Error)[]> {
    if (this.#unanswered + calls.length > this.#options.waitingMax) {
      return Promise.resolve(calls.map(() => BUSY));
    }
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
        this.#enqueue({ call, tenantId: tenantOf(call), resolve: settle, reject });
      });
    });
  }

  #enqueue(entry: Entry<Call, Answer>): void {
    this.#unanswered += 1;
    this.#waiting.push(entry);
    this.#schedule();
  }

  /** Not at once: whoever is just being answered may call again, and share the batch. */
  #schedule(): void {
    if (this.#scheduled || this.#running.length >= this.#options.batchesMax()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      for (let size = this.#nextSize(); size > 0; size = this.#nextSize()) {
        const { batch, tenants } = this.#take(size);
        if (batch.length === 0) break;
        void this.#run(batch, tenants);
      }
    });
  }

  /** How many calls the next batch may have; 0 when it should not leave yet. */
  #nextSize(): number {
    const { batchesMax, callsMax } = this.#options;
    const free = batchesMax() - this.#running.length;
    const count = this.#waiting.length;
    if (free === 0 || count === 0) return 0;
    if (this.#running.length > 0 && count < WORTH_ANOTHER) return 0;
    const batches = Math.max(1, Math.min(free, Math.floor(count / WORTH_ANOTHER)));
    return Math.min(callsMax, Math.ceil(count / batches));
  }

  /**
   * The first `size` calls that may go together and beside what runs, with those of the same
   * tenants behind them, which could not go beside them; the others wait on.
   */
  #take(size: number): { batch: Entry<Call, Answer>[]; tenants: ReadonlySet<string> } {
    const { joins, callsMax } = this.#options;
    const tenants = new Set<string>();
    const batch: Entry<Call, Answer>[] = [];
    const left: Entry<Call, Answer>[] = [];
    // What comes after one that waits on, from the same tenant, must not overtake it.
    const waitOn = new Set<string>();
    for (const entry of this.#waiting) {
      const { call, tenantId } = entry;
      const room = batch.length < size || (batch.length < callsMax && tenants.has(tenantId));
      const fits =
        room &&
        !waitOn.has(tenantId) &&
        !this.#running.some((others) => others.has(tenantId)) &&
        (joins === undefined || batch.length === 0 || joins(batch[0]!.call, call));
      if (fits) {
        batch.push(entry);
        tenants.add(tenantId);
      } else {
        left.push(entry);
        waitOn.add(tenantId);
      }
    }
    this.#waiting = left;
    return { batch, tenants };
  }

  async #run(batch: Entry<Call, Answer>[], tenants: ReadonlySet<string>): Promise<void> {
    this.#running.push(tenants);
    try {
      const answers = await this.#options.run(batch.map((entry) => entry.call));
      batch.forEach((entry, i) => {
        const answer = answers[i]!;
        if (answer instanceof Error) entry.reject(answer);
        else entry.resolve(answer);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
    this.#running.splice(this.#running.indexOf(tenants), 1);
    this.#unanswered -= batch.length;
    if (this.#waiting.length > 0) this.#schedule();
  }
}

/** One for all: where thousands are refused, a stack trace for each would cost more than the answer. */
const BUSY = new BillingError(
  'busy',
  'Too many metered calls are waiting right now; try again in a second.',
  { retryAfterSeconds: 1 },
);
