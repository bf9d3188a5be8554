import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, beginStory, hour } from '../support/story.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const coupon = (params: Stripe.CouponCreateParams) => world.stripe.coupons.create(params);
const codeOf = async (
  params: Partial<Stripe.PromotionCodeCreateParams>,
  of: Stripe.CouponCreateParams = { percent_off: 50 },
) =>
  world.stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: (await coupon(of)).id },
    ...params,
  });

const subscribe = (
  customer: string,
  discounts: Stripe.SubscriptionCreateParams['discounts'],
  params: Partial<Stripe.SubscriptionCreateParams> = {},
) =>
  world.stripe.subscriptions.create({
    customer,
    items: [{ price: world.proMonthly.id }],
    discounts,
    expand: ['latest_invoice', 'discounts'],
    ...params,
  });

describe('what a coupon takes off, month by month', () => {
  test.each([
    ['half, once', { percent_off: 50, duration: 'once' }, [1450, 2900, 2900]],
    [
      'half, for two months',
      { percent_off: 50, duration: 'repeating', duration_in_months: 2 },
      [1450, 1450, 2900],
    ],
    ['a tenth, forever', { percent_off: 10, duration: 'forever' }, [2610, 2610, 2610]],
    [
      'CNY 5.00, forever',
      { amount_off: 500, currency: 'cny', duration: 'forever' },
      [2400, 2400, 2400],
    ],
    [
      'more than it costs, once',
      { amount_off: 9999, currency: 'cny', duration: 'once' },
      [0, 2900, 2900],
    ],
  ] as [string, Stripe.CouponCreateParams, number[]][])('%s', async (_name, params, amounts) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await coupon(params);
    const { discounts, latest_invoice } = await subscribe(story.customer.id, [{ coupon: id }]);
    // One that is for once is used up by the first invoice.
    const kept = params.duration === 'once' ? [] : [{ source: { type: 'coupon', coupon: id } }];
    expect(discounts).toMatchObject(kept);
    const paid = [(latest_invoice as Stripe.Invoice).amount_paid];
    for (const next of ['2027-02-01', '2027-03-01']) {
      await story.advanceTo(at(next) + 2 * hour);
      const { data } = await story.stripe.invoices.list({ customer: story.customer.id, limit: 1 });
      paid.push(data[0]?.amount_paid ?? -1);
    }
    expect(paid).toEqual(amounts);
    expect((await world.stripe.coupons.retrieve(id)).times_redeemed).toBe(1);
  });

  test('only off the products that it is for', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await coupon({ percent_off: 50, applies_to: { products: [world.product.id] } });
    const { latest_invoice } = await subscribe(story.customer.id, [{ coupon: id }], {
      items: [{ price: world.proMonthly.id }, { price: world.teamMonthly.id }],
    });
    const invoice = latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ subtotal: 12_800, total: 11_350 });
    expect(invoice.total_discount_amounts).toMatchObject([{ amount: 1450 }]);
  });

  test('until it is taken away', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await coupon({ percent_off: 50, duration: 'forever' });
    const subscription = await subscribe(story.customer.id, [{ coupon: id }]);
    await world.stripe.subscriptions.deleteDiscount(subscription.id);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const { data } = await story.stripe.invoices.list({ customer: story.customer.id, limit: 1 });
    expect(data[0]?.amount_paid).toBe(2900);
    expect(await story.types()).toContain('customer.discount.deleted');
  });

  test('also after the coupon is deleted', async () => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    const { id } = await coupon({ percent_off: 50, duration: 'forever' });
    await subscribe(story.customer.id, [{ coupon: id }]);
    await world.stripe.coupons.del(id);
    await story.advanceTo(at('2027-02-01') + 2 * hour);
    const { data } = await story.stripe.invoices.list({ customer: story.customer.id, limit: 1 });
    expect(data[0]?.amount_paid).toBe(1450);
  });
});

describe('what is refused', () => {
  const refused = async (discounts: Stripe.SubscriptionCreateParams['discounts']) => {
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await expect(subscribe(story.customer.id, discounts)).rejects.toMatchObject({
      statusCode: 400,
      type: 'StripeInvalidRequestError',
    });
    const { data } = await world.stripe.subscriptions.list({ customer: story.customer.id });
    expect(data).toEqual([]);
  };

  test('a coupon that does not exist', () => refused([{ coupon: 'none' }]));

  test('a coupon that is used up', async () => {
    const { id } = await coupon({ percent_off: 50, max_redemptions: 1 });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await subscribe(story.customer.id, [{ coupon: id }]);
    expect(await world.stripe.coupons.retrieve(id)).toMatchObject({
      valid: false,
      times_redeemed: 1,
    });
    await refused([{ coupon: id }]);
  });

  test('a code that is switched off', async () => {
    const { id } = await codeOf({});
    await world.stripe.promotionCodes.update(id, { active: false });
    await refused([{ promotion_code: id }]);
  });

  test('a code of another customer', async () => {
    const { id } = await codeOf({ customer: world.customer.id });
    await refused([{ promotion_code: id }]);
  });

  test('a code below its minimum', async () => {
    const restrictions = { minimum_amount: 5000, minimum_amount_currency: 'cny' };
    const { id } = await codeOf({ restrictions });
    await refused([{ promotion_code: id }]);
  });

  test('a code for first purchases, at the second', async () => {
    const { id } = await codeOf({ restrictions: { first_time_transaction: true } });
    const story = await beginStory(world, { card: 'pm_card_visa' });
    await subscribe(story.customer.id, [{ promotion_code: id }]);
    await expect(subscribe(story.customer.id, [{ promotion_code: id }])).rejects.toMatchObject({
      statusCode: 400,
    });
    expect((await world.stripe.promotionCodes.retrieve(id)).times_redeemed).toBe(1);
  });

  test('an amount in another currency', async () => {
    const { id } = await coupon({ amount_off: 500, currency: 'usd' });
    await refused([{ coupon: id }]);
  });
});
