import type { Db } from '../../../db/client.ts';
import type { AnnouncedChange, PlansView } from '../../../domain/api.ts';
import { PLANS, type PlanDefinition } from '../../../domain/plans.ts';
import { announcedOfSold } from '../plans/announce.ts';
import type { PlanCatalogue } from '../plans/plan-catalogue.ts';
import type { PriceCatalogue } from '../stripe/catalogue.ts';
import type { OfferedPrice } from '../stripe/offered-prices.ts';

/** What there is to choose from. */
export class PlanService {
  readonly #catalogue: Pick<PriceCatalogue, 'listOffered' | 'bind'>;
  readonly #plans: PlanCatalogue;
  readonly #db: Db;

  constructor(deps: {
    catalogue: Pick<PriceCatalogue, 'listOffered' | 'bind'>;
    plans: PlanCatalogue;
    db: Db;
  }) {
    this.#catalogue = deps.catalogue;
    this.#plans = deps.plans;
    this.#db = deps.db;
  }

  /**
   * What each plan includes, in the version that is sold, and what it costs, from Stripe's prices. A
   * price that still sells an older version than another one of its plan is left out.
   */
  async listPlans(): Promise<PlansView> {
    const offered = await this.#catalogue.listOffered();
    const versions = await this.#catalogue.bind(offered);
    const sold = (price: OfferedPrice) => versions.get(price.priceId)!;
    const all = PLANS.map(async (plan) => {
      const ofPlan = offered.filter((price) => price.plan === plan);
      const newest = ofPlan.length > 0 ? Math.max(...ofPlan.map(sold)) : null;
      const prices = ofPlan.filter((price) => sold(price) === newest);
      return { definition: await this.#plans.get(plan, newest), prices };
    });
    const plans = await Promise.all(all);
    const announced = await announcedOfSold(
      this.#db,
      plans.map(({ definition }) => definition),
    );
    return {
      plans: plans.map(({ definition, prices }) =>
        viewOf(definition, prices, announced.get(definition.plan) ?? null),
      ),
    };
  }
}

function viewOf(
  { plan, name, features, limits, seats }: PlanDefinition,
  offered: readonly OfferedPrice[],
  announcedChange: AnnouncedChange | null,
): PlansView['plans'][number] {
  const prices = offered.map(({ priceId, interval, amountMinor, currency, currencyOptions }) => ({
    priceId,
    interval,
    amountMinor,
    currency,
    currencyOptions,
  }));
  return { plan, name, features: [...features], limits, seats, prices, announcedChange };
}
