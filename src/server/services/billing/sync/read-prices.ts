import type { Interval, Plan } from '../../../../domain/plans.ts';
import type { PriceCatalogue } from '../../stripe/catalogue.ts';
import type { SubscriptionSnapshot } from '../../stripe/snapshots/subscription-snapshot.ts';

/** What the catalogue says about prices. */
export interface PriceKnowledge {
  /** By price id; a price that is missing here is none of ours. */
  plans: ReadonlyMap<string, { plan: Plan; interval: Interval | null }>;
}

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
  const planned = subscriptions.flatMap((one) =>
    (one.schedule?.phases ?? []).flatMap((phase) => phase.priceIds),
  );
  for (const id of planned) {
    const found = plans.has(id) ? undefined : await catalogue.findPlanById(id);
    if (found) plans.set(id, { plan: found.plan, interval: found.interval });
  }
  return { plans };
}
