import type Stripe from 'stripe';
import { noSuch } from '../kernel/errors.ts';
import { listPage } from '../kernel/list.ts';
import { resource } from './resource.ts';
import type { Context, Params } from '../kernel/types.ts';

/** The old name of recurring prices, to read alone: what changes is the price. */
export const plans = resource({
  kind: 'plan',
  path: '/v1/plans',
  retrieve: false,
  references: { product: 'product' },
  routes: [
    { method: 'GET', path: '/v1/plans', handle: listPlans },
    {
      method: 'GET',
      path: '/v1/plans/:id',
      handle: (ctx, _params, { id }) => {
        const price = ctx.store.find('price', id!);
        if (price === undefined || price.recurring === null) throw noSuch('plan', id!);
        return planOf(price);
      },
    },
  ],
});

function listPlans(ctx: Context, params: Params): object {
  const { active, product } = params as Stripe.PlanListParams;
  const recurring = [...ctx.store.newestFirst('price')].filter((price) => price.recurring !== null);
  return listPage(params, '/v1/plans', 'plan', recurring.map(planOf), (plan) => {
    if (active !== undefined && plan.active !== active) return false;
    return product === undefined || plan.product === product;
  });
}

function planOf(price: Stripe.Price): Stripe.Plan {
  const { recurring, transform_quantity } = price;
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring!.interval,
    interval_count: recurring!.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: recurring!.meter,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: transform_quantity,
    trial_period_days: recurring!.trial_period_days,
    usage_type: recurring!.usage_type,
  };
}
