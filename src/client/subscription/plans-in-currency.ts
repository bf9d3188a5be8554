import type { PlansView } from '../../domain/api.ts';
import { priceIn } from '../../domain/prices.ts';

/** The plans with each price in `currency`, where it has an amount in it; `null` is each one's own. */
export function plansIn(view: PlansView, currency: string | null): PlansView {
  return {
    plans: view.plans.map((plan) => ({
      ...plan,
      prices: plan.prices.map((price) => ({ ...price, ...priceIn(price, currency) })),
    })),
  };
}
