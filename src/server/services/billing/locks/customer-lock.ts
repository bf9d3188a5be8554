import type { Tx } from '../../../../db/client.ts';
import { lockCustomer } from '../../../../db/repositories/billing/lock.repository.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';
import { inHeldTransaction } from './held-transaction.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/** Runs `work` in a transaction that holds the customer's lock. */
export function withCustomer<T>(
  deps: Pick<SyncDeps, 'lockDb' | 'turns'>,
  customerId: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const ask = () =>
    inHeldTransaction(deps.lockDb, async (tx) => {
      await lockCustomer(tx, customerId, requestTimeLeft());
      return work(tx);
    });
  return deps.turns.run(customerId, ask, requestTimeLeft());
}
