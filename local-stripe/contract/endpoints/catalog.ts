import type { CallsOf } from './calls.ts';
import { fresh } from '../support/world.ts';
import type { World } from '../support/world.ts';

const product = ({ stripe }: World) =>
  stripe.products.create({ name: 'Sold', marketing_features: [{ name: 'Fast' }] });
const feature = ({ stripe }: World) =>
  stripe.entitlements.features.create({ lookup_key: fresh('feature'), name: 'Feature' });
const attached = async (world: World) => {
  const { id } = await product(world);
  const { id: entitlement_feature } = await feature(world);
  return { id, made: await world.stripe.products.createFeature(id, { entitlement_feature }) };
};
const coupon = ({ stripe }: World) => stripe.coupons.create({ percent_off: 20 });
const promotionCode = async (world: World) =>
  world.stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: (await coupon(world)).id },
    restrictions: {
      first_time_transaction: true,
      minimum_amount: 100,
      minimum_amount_currency: 'cny',
    },
  });

export const catalogCalls: CallsOf<'products' | 'prices' | 'coupons' | 'promotion_codes'> = {
  'POST /v1/products': product,
  'GET /v1/products': ({ stripe }) => stripe.products.list({ active: true }),
  'GET /v1/products/search': ({ stripe }) => stripe.products.search({ query: 'name~"Square"' }),
  'GET /v1/products/:id': (world) => world.stripe.products.retrieve(world.product.id),
  'POST /v1/products/:id': (world) =>
    world.stripe.products.update(world.product.id, { description: 'All of it' }),
  'DELETE /v1/products/:id': async (world) => world.stripe.products.del((await product(world)).id),
  'POST /v1/products/:id/features': attached,
  'GET /v1/products/:id/features': async (world) =>
    world.stripe.products.listFeatures((await attached(world)).id),
  'GET /v1/products/:productId/features/:id': async (world) => {
    const { id, made } = await attached(world);
    return world.stripe.products.retrieveFeature(id, made.id);
  },
  'DELETE /v1/products/:productId/features/:id': async (world) => {
    const { id, made } = await attached(world);
    return world.stripe.products.deleteFeature(id, made.id);
  },
  'POST /v1/prices': (world) =>
    world.stripe.prices.create({
      product_data: { name: 'Made with its price' },
      currency: 'cny',
      unit_amount: 100,
      transform_quantity: { divide_by: 10, round: 'up' },
      currency_options: { usd: { unit_amount: 20 } },
      expand: ['currency_options'],
    }),
  'GET /v1/prices': ({ stripe }) => stripe.prices.list({ expand: ['data.product', 'data.tiers'] }),
  'GET /v1/prices/search': ({ stripe }) => stripe.prices.search({ query: 'active:"true"' }),
  'GET /v1/prices/:id': ({ stripe, proMonthly }) => stripe.prices.retrieve(proMonthly.id),
  'POST /v1/prices/:id': ({ stripe, proMonthly }) =>
    stripe.prices.update(proMonthly.id, { nickname: 'monthly', tax_behavior: 'inclusive' }),
  'POST /v1/coupons': coupon,
  'GET /v1/coupons': ({ stripe }) => stripe.coupons.list(),
  'GET /v1/coupons/:id': async (world) => world.stripe.coupons.retrieve((await coupon(world)).id),
  'POST /v1/coupons/:id': async (world) =>
    world.stripe.coupons.update((await coupon(world)).id, { name: 'Spring' }),
  'DELETE /v1/coupons/:id': async (world) => world.stripe.coupons.del((await coupon(world)).id),
  'POST /v1/promotion_codes': promotionCode,
  'GET /v1/promotion_codes': ({ stripe }) =>
    stripe.promotionCodes.list({ expand: ['data.promotion.coupon'] }),
  'GET /v1/promotion_codes/:id': async (world) =>
    world.stripe.promotionCodes.retrieve((await promotionCode(world)).id),
  'POST /v1/promotion_codes/:id': async (world) =>
    world.stripe.promotionCodes.update((await promotionCode(world)).id, { active: false }),
};

export const entitlementCalls: CallsOf<'entitlements'> = {
  'POST /v1/entitlements/features': feature,
  'GET /v1/entitlements/features': ({ stripe }) => stripe.entitlements.features.list(),
  'GET /v1/entitlements/features/:id': async (world) =>
    world.stripe.entitlements.features.retrieve((await feature(world)).id),
  'POST /v1/entitlements/features/:id': async (world) =>
    world.stripe.entitlements.features.update((await feature(world)).id, { name: 'Renamed' }),
  'GET /v1/entitlements/active_entitlements': ({ stripe, customer }) =>
    stripe.entitlements.activeEntitlements.list({ customer: customer.id }),
  'GET /v1/entitlements/active_entitlements/:id': entitlement,
};

async function entitlement(world: World) {
  const { stripe, customer } = world;
  const { id } = await attached(world);
  const price = await stripe.prices.create({
    product: id,
    currency: 'cny',
    unit_amount: 100,
    recurring: { interval: 'month' },
  });
  await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
  await world.local?.settled();
  const { data } = await stripe.entitlements.activeEntitlements.list({ customer: customer.id });
  return stripe.entitlements.activeEntitlements.retrieve(data[0]?.id ?? 'ent_none', {
    expand: ['feature'],
  });
}
