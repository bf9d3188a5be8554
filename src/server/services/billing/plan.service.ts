import type { PlansView } from '../../../domain/api.ts';
import { PLAN_CATALOGUE, PLANS } from '../../../domain/plans.ts';
import type { PriceCatalogue } from '../stripe/catalogue.ts';

/** What there is to choose from. */
export class PlanService {
  readonly #catalogue: Pick<PriceCatalogue, 'listOffered'>;

  constructor(deps: { catalogue: Pick<PriceCatalogue, 'listOffered'> }) {
    this.#catalogue = deps.catalogue;
  }

  /** What each plan includes, from our catalogue, and what it costs, from Stripe's prices. */
  async listPlans(): Promise<PlansView> {
    const offered = await this.#catalogue.listOffered();
    return {
      plans: PLANS.map((plan) => {
        const { name, features, limits } = PLAN_CATALOGUE[plan];
        const prices = offered
          .filter((price) => price.plan === plan)
          .map(({ priceId, interval, amountMinor, currency, currencyOptions }) => ({
            priceId,
            interval,
            amountMinor,
            currency,
            currencyOptions,
          }));
        return { plan, name, features: [...features], limits, prices };
      }),
    };
  }
}
