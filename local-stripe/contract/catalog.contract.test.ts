import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSubject } from './support/subject.ts';
import type { Subject } from './support/subject.ts';

let subject: Subject;
let stripe: Stripe;
let product: Stripe.Product;

/** Names that a sandbox which saw this suite before does not know yet. */
const fresh = (name: string): string => `${name}_${crypto.randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  subject = await openSubject();
  stripe = subject.stripe;
  product = await stripe.products.create({ name: 'Pro' });
});
afterAll(() => subject.close());

const refused = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('it was accepted'),
    (error: Stripe.errors.StripeInvalidRequestError) => error,
  );

describe('products', () => {
  test('come with a default price when asked, and lead to it', async () => {
    const made = await stripe.products.create({
      name: 'Team',
      default_price_data: { currency: 'cny', unit_amount: 9900, recurring: { interval: 'month' } },
      expand: ['default_price'],
    });
    expect(made.default_price).toMatchObject({ unit_amount: 9900, product: made.id });
    const price = made.default_price as Stripe.Price;
    const error = await refused(stripe.prices.update(price.id, { active: false }));
    expect(error.message).toContain('default price of its product');
  });

  test('take the id that they are given, once', async () => {
    const id = fresh('prod');
    await stripe.products.create({ id, name: 'One' });
    const error = await refused(stripe.products.create({ id, name: 'Two' }));
    expect(error).toMatchObject({ code: 'resource_already_exists', statusCode: 400 });
  });

  test('with prices cannot be deleted; without, they can, and are gone', async () => {
    const bare = await stripe.products.create({ name: 'Bare' });
    expect(await stripe.products.del(bare.id)).toMatchObject({ deleted: true });
    expect(await refused(stripe.products.retrieve(bare.id))).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
    });
    const priced = await stripe.products.create({ name: 'Priced' });
    await stripe.prices.create({ product: priced.id, currency: 'cny', unit_amount: 1 });
    expect((await refused(stripe.products.del(priced.id))).statusCode).toBe(400);
  });

  test('are unset field by field by the empty string', async () => {
    const { id } = await stripe.products.create({
      name: 'N',
      description: 'D',
      url: 'https://a.cn',
    });
    const changed = await stripe.products.update(id, {
      description: '',
      url: '',
      metadata: { a: 1 },
    });
    expect(changed).toMatchObject({ description: null, url: null, metadata: { a: '1' } });
    expect((await stripe.products.update(id, { metadata: '' })).metadata).toEqual({});
  });
});

describe('prices', () => {
  test('know their amount both ways', async () => {
    const whole = await stripe.prices.create({
      product: product.id,
      currency: 'CNY',
      unit_amount: 2900,
    });
    expect(whole).toMatchObject({ currency: 'cny', type: 'one_time', unit_amount: 2900 });
    expect(String(whole.unit_amount_decimal)).toBe('2900');
    const fraction = await stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount_decimal: Stripe.Decimal.from('0.5'),
    });
    expect(fraction.unit_amount).toBeNull();
    expect(String(fraction.unit_amount_decimal)).toBe('0.5');
  });

  test.each([
    ['tiers_mode', { tiers_mode: 'graduated', unit_amount: 100 }],
    ['tiers', { billing_scheme: 'tiered', tiers_mode: 'volume', tiers: [] }],
  ] as const)('8 are refused with half of what makes tiers: %s', async (param, given) => {
    const price = { currency: 'cny', product_data: { name: 'Words' }, ...given };
    const refused = stripe.prices.create(price as unknown as Stripe.PriceCreateParams);
    await expect(refused).rejects.toMatchObject({ statusCode: 400, param });
  });

  test('hold their tiers back until they are expanded', async () => {
    const { id, tiers } = await stripe.prices.create({
      product: product.id,
      currency: 'cny',
      billing_scheme: 'tiered',
      tiers_mode: 'volume',
      tiers: [
        { up_to: 10, unit_amount: 100 },
        { up_to: 'inf', unit_amount: 80 },
      ],
      recurring: { interval: 'month' },
    });
    expect(tiers).toBeUndefined();
    const expanded = await stripe.prices.retrieve(id, { expand: ['tiers', 'product'] });
    expect(expanded.tiers).toMatchObject([{ up_to: 10 }, { up_to: null, unit_amount: 80 }]);
    expect(expanded.product).toMatchObject({ object: 'product' });
  });

  test('share a lookup key only by taking it over', async () => {
    const key = fresh('pro');
    const price = { product: product.id, currency: 'cny', unit_amount: 1, lookup_key: key };
    const first = await stripe.prices.create(price);
    expect((await refused(stripe.prices.create(price))).message).toContain(first.id);
    const second = await stripe.prices.create({ ...price, transfer_lookup_key: true });
    const listed = await stripe.prices.list({ lookup_keys: [key], expand: ['data.product'] });
    expect(listed.data.map(({ id }) => id)).toEqual([second.id]);
    expect((await stripe.prices.retrieve(first.id)).lookup_key).toBeNull();
  });

  test.each([
    ['no amount', { currency: 'cny' }, 'unit_amount'],
    [
      'two amounts',
      { currency: 'cny', unit_amount: 1, unit_amount_decimal: Stripe.Decimal.from('1') },
      'unit_amount',
    ],
    ['a negative amount', { currency: 'cny', unit_amount: -1 }, 'unit_amount'],
    ['an unknown currency', { currency: 'zzz', unit_amount: 1 }, 'currency'],
    [
      'a meter that is none',
      {
        currency: 'cny',
        unit_amount: 1,
        recurring: { interval: 'month', usage_type: 'metered', meter: 'mtr_none' },
      },
      'recurring[meter]',
    ],
    [
      'metered usage without a meter',
      { currency: 'cny', unit_amount: 1, recurring: { interval: 'month', usage_type: 'metered' } },
      'recurring[meter]',
    ],
    [
      'four years',
      { currency: 'cny', unit_amount: 1, recurring: { interval: 'year', interval_count: 4 } },
      'recurring[interval_count]',
    ],
  ] as [string, Stripe.PriceCreateParams, string][])('refuse %s', async (_name, params, param) => {
    const error = await refused(stripe.prices.create({ product: product.id, ...params }));
    expect(error).toMatchObject({ statusCode: 400, param });
  });

  test('are filtered by product, type, interval and activity', async () => {
    const own = await stripe.products.create({ name: 'Own' });
    const base = { product: own.id, currency: 'cny', unit_amount: 5 };
    const monthly = await stripe.prices.create({ ...base, recurring: { interval: 'month' } });
    const yearly = await stripe.prices.create({ ...base, recurring: { interval: 'year' } });
    const once = await stripe.prices.create(base);
    await stripe.prices.update(yearly.id, { active: false });
    const ids = async (params: Stripe.PriceListParams) =>
      (await stripe.prices.list({ product: own.id, ...params })).data.map(({ id }) => id);
    expect(await ids({})).toEqual([once.id, yearly.id, monthly.id]);
    expect(await ids({ type: 'recurring', active: true })).toEqual([monthly.id]);
    expect(await ids({ recurring: { interval: 'year' } })).toEqual([yearly.id]);
  });
});

describe('coupons and promotion codes', () => {
  test('take off a percentage or an amount, not both and not neither', async () => {
    const percent = await stripe.coupons.create({ percent_off: 12.5, duration: 'forever' });
    expect(percent).toMatchObject({
      percent_off: 12.5,
      amount_off: null,
      valid: true,
      times_redeemed: 0,
    });
    const amount = await stripe.coupons.create({
      amount_off: 500,
      currency: 'cny',
      duration: 'repeating',
      duration_in_months: 3,
    });
    expect(amount).toMatchObject({ amount_off: 500, currency: 'cny', duration_in_months: 3 });
    expect((await refused(stripe.coupons.create({}))).statusCode).toBe(400);
    expect(
      (await refused(stripe.coupons.create({ percent_off: 1, amount_off: 1, currency: 'cny' })))
        .statusCode,
    ).toBe(400);
    expect((await refused(stripe.coupons.create({ percent_off: 101 }))).param).toBe('percent_off');
    expect((await refused(stripe.coupons.create({ amount_off: 1 }))).param).toBe('currency');
    expect(
      (await refused(stripe.coupons.create({ percent_off: 1, duration: 'repeating' }))).param,
    ).toBe('duration_in_months');
  });

  test('say which products they apply to when expanded', async () => {
    const { id } = await stripe.coupons.create({
      percent_off: 5,
      applies_to: { products: [product.id] },
    });
    const coupon = await stripe.coupons.retrieve(id, { expand: ['applies_to'] });
    expect(coupon.applies_to).toEqual({ products: [product.id] });
  });

  test('a code is one among the active ones, whatever its case', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50 });
    const code = fresh('WELCOME').replace('_', '');
    const promotion = { type: 'coupon' as const, coupon: coupon.id };
    const first = await stripe.promotionCodes.create({ promotion, code });
    expect(first).toMatchObject({ active: true, promotion: { coupon: coupon.id }, code });
    const error = await refused(
      stripe.promotionCodes.create({ promotion, code: code.toLowerCase() }),
    );
    expect(error.param).toBe('code');
    await stripe.promotionCodes.update(first.id, { active: false });
    const second = await stripe.promotionCodes.create({ promotion, code: code.toLowerCase() });
    const active = await stripe.promotionCodes.list({ coupon: coupon.id, active: true });
    expect(active.data.map(({ id }) => id)).toEqual([second.id]);
    expect(
      (await refused(stripe.promotionCodes.update(first.id, { active: true }))).statusCode,
    ).toBe(400);
  });

  test('a code whose coupon is deleted is active no more', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50 });
    const { id } = await stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
    });
    await stripe.coupons.del(coupon.id);
    expect((await stripe.promotionCodes.retrieve(id)).active).toBe(false);
    expect((await refused(stripe.coupons.retrieve(coupon.id))).code).toBe('resource_missing');
  });
});

describe('features of products', () => {
  test('are attached once, shown as they are now, and detached', async () => {
    const feature = await stripe.entitlements.features.create({
      lookup_key: fresh('chat'),
      name: 'Chat',
    });
    const own = await stripe.products.create({ name: 'Featured' });
    const attached = await stripe.products.createFeature(own.id, {
      entitlement_feature: feature.id,
    });
    expect(attached.entitlement_feature.id).toBe(feature.id);
    expect(
      (await refused(stripe.products.createFeature(own.id, { entitlement_feature: feature.id })))
        .statusCode,
    ).toBe(400);
    await stripe.entitlements.features.update(feature.id, { name: 'Chat, unlimited' });
    const listed = await stripe.products.listFeatures(own.id);
    expect(listed.data).toMatchObject([{ entitlement_feature: { name: 'Chat, unlimited' } }]);
    expect(await stripe.products.deleteFeature(own.id, attached.id)).toMatchObject({
      deleted: true,
    });
    expect((await stripe.products.listFeatures(own.id)).data).toEqual([]);
  });

  test('a lookup key is free again when its feature is archived', async () => {
    const params = { lookup_key: fresh('api'), name: 'API' };
    const { id } = await stripe.entitlements.features.create(params);
    expect((await refused(stripe.entitlements.features.create(params))).param).toBe('lookup_key');
    await stripe.entitlements.features.update(id, { active: false });
    const next = await stripe.entitlements.features.create(params);
    const { lookup_key } = params;
    const list = async (archived?: boolean) => {
      const filter = archived === undefined ? { lookup_key } : { lookup_key, archived };
      return (await stripe.entitlements.features.list(filter)).data.map((feature) => feature.id);
    };
    expect(await list()).toEqual([next.id]);
    expect(await list(true)).toEqual([id]);
  });
});
