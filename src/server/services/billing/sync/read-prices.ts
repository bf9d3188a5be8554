import type { Interval, PaidPlan, Plan } from '../../../../domain/plans.ts';
import type { PriceCatalogue } from '../../stripe/catalogue.ts';
import type { SubscriptionSnapshot } from '../../stripe/snapshots/subscription-snapshot.ts';

interface PricedPlan {
  plan: Plan;
  /** Which version of it: the one that the price was sold with. */
  version: number;
  interval: Interval | null;
}

/** What the catalogue says about prices. */
export interface PriceKnowledge {
  /** By price id; a price that is missing here is none of ours. */
  plans: ReadonlyMap<string, PricedPlan>;
}

/** Looks up every price that the subscriptions have, or will have by a schedule. */
export async function readPrices(
  catalogue: PriceCatalogue,
  subscriptions: readonly SubscriptionSnapshot[],
): Promise<PriceKnowledge> {
  const offered = await catalogue.listOffered();
  const plans = new Map<string, { plan: PaidPlan; interval: Interval | null }>(
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
  const versions = await catalogue.bind(
    [...plans].map(([priceId, { plan }]) => ({ priceId, plan })),
  );
  return {
    plans: new Map([...plans].map(([id, one]) => [id, { ...one, version: versions.get(id)! }])),
  };
}
