import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { checkObject } from '../schema/index.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

let local: LocalStripe;
let stripe: Stripe;
let monthly: Stripe.Price;
let once: Stripe.Price;
let customer: Stripe.Customer;

beforeAll(async () => {
  local = await startLocalStripe({ port: 0 });
  stripe = new Stripe('sk_test_checkout', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const recurring = { interval: 'month' } as const;
  const product_data = { name: 'Pro' };
  monthly = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2900,
    recurring,
    product_data,
  });
  once = await stripe.prices.create({ currency: 'cny', unit_amount: 500, product_data });
  customer = await stripe.customers.create({ email: 'owner@example.com' });
});
afterAll(() => local.close());

const base = (): CreateParams => ({
  mode: 'subscription',
  success_url: 'https://app.example/return?session={CHECKOUT_SESSION_ID}',
  line_items: [{ price: monthly.id, quantity: 1 }],
});

describe('a new session', () => {
  test('has the shape of the SDK and stays open for a day', async () => {
    const session = await stripe.checkout.sessions.create({
      ...base(),
      customer: customer.id,
      client_reference_id: 'tenant_1',
      subscription_data: { metadata: { tenant: '1' } },
    });
    expect(checkObject(session)).toEqual([]);
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      amount_subtotal: 2900,
      amount_total: 2900,
      currency: 'cny',
      customer: customer.id,
      subscription: null,
      client_reference_id: 'tenant_1',
      url: `${local.url}/c/pay/${session.id}`,
    });
    expect(session.expires_at - session.created).toBe(86_400);
    const events = [...local.kernel.store.oldestFirst('_event')].map(({ body }) => body.type);
    expect(events.filter((type) => type.startsWith('checkout.'))).toEqual([]);
  });

  test('lists its line items, alone and expanded', async () => {
    const session = await stripe.checkout.sessions.create({
      ...base(),
      line_items: [
        { price: monthly.id, quantity: 2 },
        { price: once.id, quantity: 1 },
      ],
      expand: ['line_items'],
    });
    expect(session.amount_total).toBe(6300);
    const listed = await stripe.checkout.sessions.listLineItems(session.id);
    expect(listed.data.map(({ amount_total }) => amount_total)).toEqual([5800, 500]);
    expect(session.line_items?.data).toEqual(listed.data);
    // As on the wire: the SDK makes objects of decimals.
    const sent = JSON.parse(JSON.stringify(listed.data)) as object[];
    for (const item of sent) expect(checkObject(item)).toEqual([]);
  });

  test('with a trial owes nothing today', async () => {
    const session = await stripe.checkout.sessions.create({
      ...base(),
      subscription_data: { trial_period_days: 14 },
    });
    expect(session).toMatchObject({ amount_total: 0, amount_subtotal: 0 });
  });

  test('takes a coupon off, and a price made for it alone', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 15, duration: 'forever' });
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example/',
      discounts: [{ coupon: coupon.id }],
      line_items: [
        {
          quantity: 3,
          price_data: { currency: 'eur', unit_amount: 333, product_data: { name: 'Sticker' } },
        },
      ],
    });
    expect(session).toMatchObject({
      amount_subtotal: 999,
      amount_total: 849,
      total_details: { amount_discount: 150 },
      customer_creation: 'if_required',
    });
  });

  test('is expired by hand once, and tells', async () => {
    const session = await stripe.checkout.sessions.create(base());
    const expired = await stripe.checkout.sessions.expire(session.id);
    expect(expired).toMatchObject({ status: 'expired', url: null });
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toThrow(/status of expired/);
    const events = await stripe.events.list({ type: 'checkout.session.expired' });
    expect(events.data).toHaveLength(1);
  });

  test('is found by customer and status', async () => {
    const own = await stripe.customers.create();
    const first = await stripe.checkout.sessions.create({ ...base(), customer: own.id });
    const second = await stripe.checkout.sessions.create({ ...base(), customer: own.id });
    await stripe.checkout.sessions.expire(first.id);
    const open = await stripe.checkout.sessions.list({ customer: own.id, status: 'open' });
    expect(open.data.map(({ id }) => id)).toEqual([second.id]);
  });
});

describe('a session is refused', () => {
  const minutes = (count: number) => Math.floor(Date.now() / 1000) + count * 60;
  const days = (count: number) => minutes(count * 24 * 60);
  test.each<[string, (valid: CreateParams) => object, string]>([
    ['without a mode', ({ mode: _mode, ...rest }) => rest, 'mode'],
    ['without line items', ({ line_items: _items, ...rest }) => rest, 'line_items'],
    ['without success_url', ({ success_url: _url, ...rest }) => rest, 'success_url'],
    ['with a path for a URL', (valid) => ({ ...valid, success_url: '/done' }), 'success_url'],
    ['with a script URL', (valid) => ({ ...valid, cancel_url: 'javascript:0' }), 'cancel_url'],
    ['in payment mode with a recurring price', (v) => ({ ...v, mode: 'payment' }), 'mode'],
    [
      'in subscription mode with one-time prices alone',
      (v) => ({ ...v, line_items: [{ price: once.id, quantity: 1 }] }),
      'line_items',
    ],
    [
      'with an unknown price',
      (v) => ({ ...v, line_items: [{ price: 'price_x', quantity: 1 }] }),
      'line_items[0][price]',
    ],
    [
      'without a quantity',
      (v) => ({ ...v, line_items: [{ price: monthly.id }] }),
      'line_items[0][quantity]',
    ],
    ['with an unknown customer', (v) => ({ ...v, customer: 'cus_x' }), 'customer'],
    [
      'with customer and customer_email',
      (v) => ({ ...v, customer: customer.id, customer_email: 'a@b.co' }),
      'customer_email',
    ],
    ['with half an e-mail', (v) => ({ ...v, customer_email: 'nobody' }), 'customer_email'],
    ['expiring in 29 minutes', (v) => ({ ...v, expires_at: minutes(29) }), 'expires_at'],
    ['expiring in two days', (v) => ({ ...v, expires_at: days(2) }), 'expires_at'],
    [
      'with a trial of no days',
      (v) => ({ ...v, subscription_data: { trial_period_days: 0 } }),
      'subscription_data[trial_period_days]',
    ],
    [
      'with a trial that ends tomorrow',
      (v) => ({ ...v, subscription_data: { trial_end: days(1) } }),
      'subscription_data[trial_end]',
    ],
    [
      'with two kinds of trial',
      (v) => ({ ...v, subscription_data: { trial_end: days(9), trial_period_days: 9 } }),
      'subscription_data[trial_end]',
    ],
    [
      'with payment_intent_data',
      (v) => ({ ...v, payment_intent_data: { description: 'x' } }),
      'payment_intent_data',
    ],
    [
      'in setup mode with line items',
      (v) => ({ ...v, mode: 'setup', currency: 'cny' }),
      'line_items',
    ],
    ['with an old ui_mode', (v) => ({ ...v, ui_mode: 'embedded' }), 'ui_mode'],
    ['embedded with success_url', (v) => ({ ...v, ui_mode: 'embedded_page' }), 'success_url'],
    [
      'with codes and discounts at once',
      (v) => ({ ...v, allow_promotion_codes: true, discounts: [{ coupon: 'x' }] }),
      'discounts',
    ],
    [
      'with an unknown coupon',
      (v) => ({ ...v, discounts: [{ coupon: 'x' }] }),
      'discounts[0][coupon]',
    ],
    [
      'with payment_method_types',
      (v) => ({ ...v, payment_method_types: ['card'] }),
      'payment_method_types',
    ],
    [
      'with an anchor beyond the first period',
      (v) => ({ ...v, subscription_data: { billing_cycle_anchor: days(40) } }),
      'subscription_data[billing_cycle_anchor]',
    ],
    [
      'without cards',
      (v) => ({ ...v, allowed_payment_method_types: ['alipay'] }),
      'allowed_payment_method_types',
    ],
    [
      'with a reference of 201 characters',
      (v) => ({ ...v, client_reference_id: 'x'.repeat(201) }),
      'client_reference_id',
    ],
  ])('%s', async (_name, change, param) => {
    const call = stripe.checkout.sessions.create(change(base()) as CreateParams);
    await expect(call).rejects.toMatchObject({ statusCode: 400, param });
  });

  test('with an inactive price', async () => {
    const old = await stripe.prices.create({
      currency: 'cny',
      unit_amount: 1,
      recurring: { interval: 'month' },
      product_data: { name: 'Old' },
    });
    await stripe.prices.update(old.id, { active: false });
    const call = stripe.checkout.sessions.create({
      ...base(),
      line_items: [{ price: old.id, quantity: 1 }],
    });
    await expect(call).rejects.toThrow(/only accepts active prices/);
  });
});
