import type { PlansView } from '../../../domain/api.ts';
import { PLANS, type PlanDefinition } from '../../../domain/plans.ts';
import type { PlanCatalogue } from '../plans/plan-catalogue.ts';
import type { PriceCatalogue } from '../stripe/catalogue.ts';
import type { OfferedPrice } from '../stripe/offered-prices.ts';

/** What there is to choose from. */
export class PlanService {
  readonly #catalogue: Pick<PriceCatalogue, 'listOffered' | 'bind'>;
  readonly #plans: PlanCatalogue;

  constructor(deps: {
    catalogue: Pick<PriceCatalogue, 'listOffered' | 'bind'>;
    plans: PlanCatalogue;
  }) {
    this.#catalogue = deps.catalogue;
    this.#plans = deps.plans;
  }

  /**
   * What each plan includes, in the version that is sold, and what it costs, from Stripe's prices. A
   * price that still sells an older version than another one of its plan is left out.
   */
  async listPlans(): Promise<PlansView> {
    const offered = await this.#catalogue.listOffered();
    const versions = await this.#catalogue.bind(offered);
    const sold = (price: OfferedPrice) => versions.get(price.priceId)!;
    const plans = PLANS.map(async (plan) => {
      const ofPlan = offered.filter((price) => price.plan === plan);
      const newest = ofPlan.length > 0 ? Math.max(...ofPlan.map(sold)) : null;
      return viewOf(
        await this.#plans.get(plan, newest),
        ofPlan.filter((price) => sold(price) === newest),
      );
    });
    return { plans: await Promise.all(plans) };
  }
}

function viewOf(
  { plan, name, features, limits, seats }: PlanDefinition,
  offered: readonly OfferedPrice[],
): PlansView['plans'][number] {
  const prices = offered.map(({ priceId, interval, amountMinor, currency, currencyOptions }) => ({
    priceId,
    interval,
    amountMinor,
    currency,
    currencyOptions,
  }));
  return { plan, name, features: [...features], limits, seats, prices };
}
