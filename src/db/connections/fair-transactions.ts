import { AsyncLocalStorage } from 'node:async_hooks';
import { BillingError } from '../../domain/errors.ts';

const asking = new AsyncLocalStorage<string | undefined>();

/** Answers a request of `tenantId`: the transactions that `work` begins are counted for this tenant. */
export const onBehalfOf = <T>(tenantId: string, work: () => T): T => asking.run(tenantId, work);

/**
 * Has each tenant keep to a share of the connections: transactions wait for locks, and whoever sent hundreds
 * that wait for one row would hold all connections, and keep everybody else out. What is over the share waits
 * its turn without a connection, and is 429 `rate_limited` when that does not come within `waitMs`. What nobody's
 * request began goes by no share, nor does a transaction within another.
 */
export function fairly<Transact extends (...args: never[]) => Promise<unknown>>(
  transact: Transact,
  limits: { share: number; waitMs: number },
): Transact {
  const turns = new Turns(limits.share, limits.waitMs);
  const fair = (...args: never[]) => {
    const tenantId = asking.getStore();
    if (tenantId === undefined) return transact(...args);
    return turns.run(tenantId, () => asking.run(undefined, () => transact(...args)));
  };
  return fair as Transact;
}

/** So many at a time for each key, in the order of asking. */
class Turns {
  readonly #atOnce: number;
  readonly #waitMs: number;
  readonly #keys = new Map<string, { running: number; waiting: Set<() => void> }>();

  constructor(atOnce: number, waitMs: number) {
    this.#atOnce = atOnce;
    this.#waitMs = waitMs;
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turns = this.#keys.get(key) ?? { running: 0, waiting: new Set() };
    this.#keys.set(key, turns);
    if (turns.running < this.#atOnce) turns.running += 1;
    else await this.#wait(turns.waiting);
    try {
      return await work();
    } finally {
      // Whoever waited longest has the turn that ends.
      const [next] = turns.waiting;
      if (next) next();
      else if ((turns.running -= 1) === 0) this.#keys.delete(key);
    }
  }

  #wait(waiting: Set<() => void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        waiting.delete(begin);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(begin);
        reject(tooMany());
      }, this.#waitMs);
      waiting.add(begin);
    });
  }
}

const tooMany = () =>
  new BillingError(
    'rate_limited',
    'Your team asks for more changes at once than can be made; try again in a moment.',
    { retryAfterSeconds: 1 },
  );
