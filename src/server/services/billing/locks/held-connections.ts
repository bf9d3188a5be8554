import { inTransaction, type Db, type Tx } from '../../../../db/client.ts';
import { databaseCode, hasNoFreeConnection } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';

/** So many of `HELD_CONNECTIONS` at most for people; the rest is the worker's, whose webhooks wait for nobody. */
const FOR_PEOPLE = 5;

/** People wait so long for theirs: what their request has left then is enough for a call or two. */
const WAIT_MS = 8_000;

/** PostgreSQL's answer when a lock was not had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Transactions that are held while Stripe is asked, on connections of their own. However many people
 * wait for a Stripe that hangs, work that nobody waits for (webhooks, worker, reconciler) finds a
 * connection free: a person is known by the end that their request has.
 */
export class HeldConnections {
  readonly #db: Db;
  #people = 0;
  readonly #waiting: (() => void)[] = [];

  /** `db` has a pool of `HELD_CONNECTIONS`. */
  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Runs `work` in such a transaction. 503 `busy` when all of them are held for long, or somebody
   * else has the lock that `work` waits for: then it is Stripe that keeps us waiting, and not the
   * database that is away.
   */
  async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (!Number.isFinite(requestTimeLeft())) return this.#transaction(work);
    await this.#enter();
    try {
      return await this.#transaction(work);
    } finally {
      // The place goes straight to the next, so that nobody slips in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#people -= 1;
    }
  }

  #enter(): Promise<void> {
    if (this.#people < FOR_PEOPLE) {
      this.#people += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(manyWait());
      };
      const timer = setTimeout(giveUp, Math.max(0, Math.min(WAIT_MS, requestTimeLeft())));
      this.#waiting.push(enter);
    });
  }

  async #transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    let begun = false;
    try {
      return await inTransaction(this.#db, (tx) => {
        begun = true;
        return work(tx);
      });
    } catch (cause) {
      if (begun && databaseCode(cause) === LOCK_NOT_AVAILABLE) {
        throw busy('Another change of this subscription is under way.', cause);
      }
      if (begun || !hasNoFreeConnection(cause)) throw cause;
      throw manyWait(cause);
    }
  }
}

const manyWait = (cause?: unknown) =>
  busy('The payment service answers slowly and many wait for it; nothing was done.', cause);

const busy = (text: string, cause: unknown) =>
  new BillingError('busy', `${text} Try again in a few seconds.`, { retryAfterSeconds: 5, cause });
