import { inTransaction, type Db, type Tx } from '../../../../db/client.ts';
import { databaseCode, hasNoFreeConnection } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';

/** PostgreSQL's answer when a lock was not had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Runs `work` in a transaction on one of the connections that may be held while Stripe is asked. 503
 * `busy` when all of them are held for long, or somebody else has the lock that `work` waits for:
 * then it is Stripe that keeps us waiting, and not the database that is away.
 */
export async function inHeldTransaction<T>(lockDb: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  let begun = false;
  try {
    return await inTransaction(lockDb, (tx) => {
      begun = true;
      return work(tx);
    });
  } catch (cause) {
    if (begun && databaseCode(cause) === LOCK_NOT_AVAILABLE) {
      throw busy('Another change of this subscription is under way.', cause);
    }
    if (begun || !hasNoFreeConnection(cause)) throw cause;
    throw busy('The payment service answers slowly and many wait for it; nothing was done.', cause);
  }
}

const busy = (text: string, cause: unknown) =>
  new BillingError('busy', `${text} Try again in a few seconds.`, { retryAfterSeconds: 5, cause });
