import type { PriceCatalogue } from '../stripe/catalogue.ts';
import type { SubscriptionSnapshot } from '../stripe/subscription-snapshot.ts';
import type { PriceKnowledge } from './map-subscription.ts';

/** Looks up every price that the subscriptions have, or will have by a schedule. */
export async function readPrices(
  catalogue: PriceCatalogue,
  subscriptions: readonly SubscriptionSnapshot[],
): Promise<PriceKnowledge> {
  const offered = await catalogue.listOffered();
  const plans = new Map<string, { plan: 'pro' | 'team'; interval: 'month' | 'year' | null }>(
    offered.map((one) => [one.priceId, { plan: one.plan, interval: one.interval }]),
  );
  for (const { price } of subscriptions.flatMap((one) => one.items)) {
    const found = plans.has(price.id) ? undefined : await catalogue.findPlan(price);
    if (found) plans.set(price.id, { plan: found.plan, interval: found.interval });
  }
  return { plans };
}
