import type { AnnouncedChange, PlansView, PlanView } from '../../domain/api.ts';
import { priceIn } from '../../domain/prices.ts';

/** The plans with each price in `currency`, where it has an amount in it; `null` is each one's own. */
export function plansIn(view: PlansView, currency: string | null): PlansView {
  return {
    plans: view.plans.map((plan) => ({
      ...plan,
      prices: plan.prices.map((price) => ({ ...price, ...priceIn(price, currency) })),
      announcedChange: changeIn(plan, currency ?? plan.prices[0]?.currency),
    })),
  };
}

/** A credit of overage is told in one currency. */
function changeIn(
  { announcedChange: change }: PlanView,
  currency: string | undefined,
): AnnouncedChange | null {
  if (!change) return null;
  const terms = change.terms.filter(
    (term) => term.what !== 'overage' || term.currency === currency,
  );
  return terms.length > 0 ? { ...change, terms } : null;
}
