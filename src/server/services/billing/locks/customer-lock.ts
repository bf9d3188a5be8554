import type { Tx } from '../../../../db/client.ts';
import { lockCustomer } from '../../../../db/repositories/billing/lock.repository.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';
import type { HeldConnections } from './held-connections.ts';
import type { KeyedQueue } from './keyed-queue.ts';

/** What keeps changes of one customer apart. */
export interface BillingLocks {
  /** Connections of their own, because they are held while Stripe is asked: meters have the others. */
  held: HeldConnections;
  /** Within this process. */
  queue: KeyedQueue;
}

/** Runs `work` in a transaction that holds the customer's lock. */
export function withCustomer<T>(
  deps: BillingLocks,
  customerId: string,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const ask = () =>
    deps.held.run(async (tx) => {
      await lockCustomer(tx, customerId, requestTimeLeft());
      return work(tx);
    });
  return deps.queue.run(customerId, ask, requestTimeLeft());
}
