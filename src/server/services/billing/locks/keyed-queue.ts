import { BillingError } from '../../../../domain/errors.ts';

/**
 * One at a time for each key in this process, in the order of asking. Other processes are kept out
 * by the database's locks; this keeps those who would only wait for them from each holding a
 * connection meanwhile.
 */
export class KeyedQueue {
  readonly #waitingMax: number;
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  constructor(waitingMax = 20) {
    this.#waitingMax = waitingMax;
  }

  isBusy(key: string): boolean {
    return this.#queues.has(key);
  }

  /** Throws 503 `busy` when too many wait already, or when the turn does not come within `waitMs`. */
  async run<T>(key: string, work: () => Promise<T>, waitMs = Number.POSITIVE_INFINITY): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting > this.#waitingMax) {
      throw busy('Too many changes at once; try again in a few seconds.');
    }
    this.#queues.set(key, queue);
    queue.waiting += 1;
    const wait = new Wait(waitMs);
    const turn = queue.last.then(() => wait.end()).then(work);
    queue.last = turn.catch(() => undefined);
    try {
      return await Promise.race([turn, wait.over]);
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#queues.delete(key);
    }
  }
}

const busy = (text: string) => new BillingError('busy', text, { retryAfterSeconds: 5 });

/** A wait for one's turn that one gives up. */
class Wait {
  /** Rejects when the wait was too long, never after its end. */
  readonly over: Promise<never>;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(waitMs: number) {
    this.over = new Promise((_, reject) => {
      if (!Number.isFinite(waitMs)) return;
      this.#timer = setTimeout(
        () => {
          this.#isOver = true;
          reject(tooLong());
        },
        Math.max(0, waitMs),
      );
    });
    this.over.catch(() => undefined);
  }

  /** The turn has come; throws when nobody waits for it any more. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#isOver) throw tooLong();
  }
}

const tooLong = () =>
  busy('Another change of this subscription is under way; try again in a few seconds.');
