import type { Stripe } from 'stripe';
import { SYNC_TIMEOUTS } from '../client/client.ts';
import { listSubscriptions } from '../customers.ts';
import { readTaxBehavior, type TaxBehavior } from '../snapshots/schemas.ts';
import type { SubscriptionSnapshot } from '../snapshots/subscription-snapshot.ts';

/** What a statement's invoice takes over from the subscription: how it is taxed, and its card. */
export interface Terms {
  taxRateIds: readonly string[];
  automaticTax: boolean;
  /** Of its price, where Stripe works the tax out; null where the price leaves that to the account. */
  taxBehavior: TaxBehavior;
  paymentMethodId: string | null;
}

/** Those of the customer's newest subscription that goes on, else of the newest. */
export async function readTerms(stripe: Stripe, customerId: string): Promise<Terms> {
  const all = await listSubscriptions(stripe, customerId, SYNC_TIMEOUTS);
  const newestFirst = all.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  const one = newestFirst.find(({ endedAt }) => endedAt === null) ?? newestFirst[0];
  const own = one?.items[0]?.taxRateIds ?? [];
  return {
    // Rates of the item stand in place of the subscription's.
    taxRateIds: own.length > 0 ? own : (one?.taxRateIds ?? []),
    automaticTax: one?.automaticTax ?? false,
    taxBehavior: one?.automaticTax ? await behaviorOf(stripe, one) : null,
    // One that was taken away is refused; then it is what the customer has saved.
    paymentMethodId: one?.paymentMethod?.customerId === customerId ? one.paymentMethod.id : null,
  };
}

/** Asked of the price itself: what it says in other currencies is not on the subscription. */
async function behaviorOf(
  stripe: Stripe,
  { items, currency }: Pick<SubscriptionSnapshot, 'items' | 'currency'>,
): Promise<TaxBehavior> {
  const expand = ['currency_options'];
  const price = await stripe.prices.retrieve(items[0]!.price.id, { expand }, SYNC_TIMEOUTS);
  return readTaxBehavior(price, currency);
}
