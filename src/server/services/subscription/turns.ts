import { BillingError } from '../../../domain/errors.ts';

/**
 * One at a time for each key in this process, in the order of asking. Other processes are kept out
 * by the database's locks; this keeps those who would only wait for them from each holding a
 * connection meanwhile.
 */
export class Turns {
  readonly #waitingMax: number;
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  constructor(waitingMax = 20) {
    this.#waitingMax = waitingMax;
  }

  isTaken(key: string): boolean {
    return this.#queues.has(key);
  }

  /** Throws 503 `busy` when too many wait already. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting > this.#waitingMax) {
      throw new BillingError('busy', 'Too many changes at once; try again in a few seconds.', {
        retryAfterSeconds: 5,
      });
    }
    this.#queues.set(key, queue);
    queue.waiting += 1;
    const turn = queue.last.then(work);
    queue.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#queues.delete(key);
    }
  }
}
