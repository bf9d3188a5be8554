import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;
type FlowData = Stripe.BillingPortal.SessionCreateParams.FlowData;

const start = Date.UTC(2027, 2, 1) / 1000;
const day = 86_400;

let local: LocalStripe;
let stripe: Stripe;
let pro: Stripe.Price;
let yearly: Stripe.Price;
let team: Stripe.Price;
let other: Stripe.Price;

beforeAll(async () => {
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    checkResponses: true,
  });
  stripe = new Stripe('sk_test_portal_pages', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const price = (product: string, unit_amount: number, interval: 'month' | 'year') =>
    stripe.prices.create({ product, currency: 'cny', unit_amount, recurring: { interval } });
  const product = await stripe.products.create({ name: 'Pro' });
  const second = await stripe.products.create({ name: 'Team' });
  pro = await price(product.id, 3100, 'month');
  yearly = await price(product.id, 31_000, 'year');
  team = await price(second.id, 9300, 'month');
  other = await price(second.id, 1, 'year');
});
afterAll(() => local.close());

const everything = (): Features => ({
  customer_update: { enabled: true, allowed_updates: ['name', 'email', 'address'] },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true },
  subscription_cancel: { enabled: true },
  subscription_pause: { enabled: true },
  subscription_update: {
    enabled: true,
    default_allowed_updates: ['price', 'promotion_code'],
    proration_behavior: 'always_invoice',
    products: [
      { product: pro.product as string, prices: [pro.id, yearly.id] },
      { product: team.product as string, prices: [team.id] },
    ],
  },
});

interface Opened {
  customer: string;
  subscription: string;
  path: string;
}

async function open(
  options: {
    features?: Features;
    card?: string;
    subscription?: Partial<Stripe.SubscriptionCreateParams>;
    flow?: (subscription: string) => FlowData;
  } = {},
): Promise<Opened> {
  const customer = (await stripe.customers.create({ email: 'p@example.com' })).id;
  const card = options.card ?? 'pm_card_visa';
  const method = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, {
    invoice_settings: { default_payment_method: method.id },
  });
  const subscription = await stripe.subscriptions.create({
    customer,
    items: [{ price: pro.id }],
    ...options.subscription,
  });
  const { id: configuration } = await stripe.billingPortal.configurations.create({
    features: options.features ?? everything(),
  });
  const { url } = await stripe.billingPortal.sessions.create({
    customer,
    configuration,
    return_url: 'https://app.example/',
    ...(options.flow ? { flow_data: options.flow(subscription.id) } : {}),
  });
  return { customer, subscription: subscription.id, path: new URL(url).pathname };
}

const get = (path: string) => fetch(new URL(path, local.url), { redirect: 'manual' });
const post = (path: string, form: Record<string, string> = {}) =>
  fetch(new URL(path, local.url), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });
const find = (id: string) => stripe.subscriptions.retrieve(id);
const of = ({ path, subscription }: Opened) => `${path}/subscriptions/${subscription}`;
const card = { number: '4242424242424242', expiry: '12/40', cvc: '123' };

describe('changing the plan', () => {
  test('a payment that fails leaves the change pending, to be paid on the invoice page', async () => {
    const opened = await open();
    const [method] = (await stripe.customers.listPaymentMethods(opened.customer)).data;
    await fetch(`${local.url}/_control/payment_methods/${method!.id}`, {
      method: 'POST',
      body: JSON.stringify({ declineCode: 'insufficient_funds' }),
    });
    const response = await post(`${of(opened)}/update`, { price: team.id });
    const invoicePath = response.headers.get('location')!;
    expect(invoicePath).toMatch(/^\/i\/in_/);
    expect(await find(opened.subscription)).toMatchObject({
      items: { data: [{ price: { id: pro.id } }] },
      pending_update: { subscription_items: [{ price: { id: team.id } }] },
    });
    const paid = await post(invoicePath, card);
    expect(paid.headers.get('location')).toBe(invoicePath);
    expect(await find(opened.subscription)).toMatchObject({
      items: { data: [{ price: { id: team.id } }] },
      pending_update: null,
    });
  });

  test('a trial ends with the change, or goes on where the configuration says so', async () => {
    const subscription = { trial_period_days: 14 };
    const ending = await open({ subscription });
    const page = await (await get(`${of(ending)}/update/confirm?price=${team.id}`)).text();
    expect(page).toContain('Your trial ends with this change.');
    expect(page).toContain('Pay CN¥93.00 and confirm');
    await post(`${of(ending)}/update`, { price: team.id });
    expect(await find(ending.subscription)).toMatchObject({ status: 'active' });

    const features = everything();
    features.subscription_update!.trial_update_behavior = 'continue_trial';
    const going = await open({ subscription, features });
    await post(`${of(going)}/update`, { price: team.id });
    expect(await find(going.subscription)).toMatchObject({
      status: 'trialing',
      items: { data: [{ price: { id: team.id } }] },
    });
  });

  test('a promotion code is checked, previewed and put on the subscription', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    const { code } = await stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
    });
    const opened = await open();
    const wrong = await get(`${of(opened)}/update/confirm?price=${team.id}&promotion_code=NO`);
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('The code “NO” is not valid.');
    const right = await get(`${of(opened)}/update/confirm?price=${team.id}&promotion_code=${code}`);
    const id = /name="promotion_code_id" value="(\w+)"/.exec(await right.text())![1]!;
    await post(`${of(opened)}/update`, { price: team.id, promotion_code_id: id });
    const changed = await find(opened.subscription);
    expect(changed.items.data[0]!.price.id).toBe(team.id);
    expect(changed.discounts).toHaveLength(1);
  });

  test.each([
    ['a price that is not offered', () => ({ price: other.id })],
    ['no price', () => ({})],
    ['the present price', () => ({ price: pro.id })],
    ['a quantity that is not the customer’s to choose', () => ({ price: team.id, quantity: '5' })],
    ['a quantity that is none', () => ({ price: team.id, quantity: '-1' })],
  ])('%s changes nothing', async (_name, form) => {
    const opened = await open();
    const response = await post(`${of(opened)}/update`, form() as Record<string, string>);
    expect(response.status).toBe(400);
    expect((await find(opened.subscription)).items.data[0]).toMatchObject({
      price: { id: pro.id },
      quantity: 1,
    });
  });

  test('a deep link shows the change it was made for, and ends where it says', async () => {
    const opened = await open({});
    const item = (await find(opened.subscription)).items.data[0]!.id;
    const { id: configuration } = await stripe.billingPortal.configurations.create({
      features: everything(),
    });
    const { url } = await stripe.billingPortal.sessions.create({
      customer: opened.customer,
      configuration,
      flow_data: {
        type: 'subscription_update_confirm',
        subscription_update_confirm: {
          subscription: opened.subscription,
          items: [{ id: item, price: yearly.id, quantity: 1 }],
        },
        after_completion: {
          type: 'hosted_confirmation',
          hosted_confirmation: { custom_message: 'See you next year!' },
        },
      },
    });
    const path = new URL(url).pathname;
    const first = (await get(path)).headers.get('location')!;
    expect(first).toContain(`/update/confirm?price=${yearly.id}`);
    const done = await post(`${path}/subscriptions/${opened.subscription}/update`, {
      price: yearly.id,
    });
    const text = await (await get(done.headers.get('location')!)).text();
    expect(text).toContain('See you next year!');
    expect((await get(path)).status).toBe(200);
  });
});

describe('leaving', () => {
  test('a classic subscription gets the boolean, and is resumed by it', async () => {
    const opened = await open({ subscription: { billing_mode: { type: 'classic' } } });
    await post(`${of(opened)}/cancel`, { comment: 'Bye' });
    expect(await find(opened.subscription)).toMatchObject({
      cancel_at_period_end: true,
      cancellation_details: { comment: 'Bye', feedback: null },
    });
    await post(`${of(opened)}/resume`);
    expect(await find(opened.subscription)).toMatchObject({
      cancel_at_period_end: false,
      cancel_at: null,
    });
  });

  test('at once, where the configuration says so', async () => {
    const features = everything();
    features.subscription_cancel = {
      enabled: true,
      mode: 'immediately',
      proration_behavior: 'create_prorations',
    };
    const opened = await open({ features });
    await post(`${of(opened)}/cancel`);
    expect(await find(opened.subscription)).toMatchObject({ status: 'canceled' });
    expect((await post(`${of(opened)}/cancel`)).status).toBe(403);
  });

  test('a planned change is let go of before', async () => {
    const features = everything();
    features.subscription_update!.schedule_at_period_end = {
      conditions: [{ type: 'decreasing_item_amount' }],
    };
    const opened = await open({ features, subscription: { items: [{ price: team.id }] } });
    await post(`${of(opened)}/update`, { price: pro.id });
    expect((await find(opened.subscription)).schedule).not.toBeNull();
    await post(`${of(opened)}/cancel`);
    const ending = await find(opened.subscription);
    expect(ending.schedule).toBeNull();
    expect(ending.cancel_at).toBe(ending.items.data[0]!.current_period_end);
  });

  test('whoever takes the offer stays, with the discount', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 30, duration: 'once' });
    const opened = await open({
      flow: (subscription) => ({
        type: 'subscription_cancel',
        subscription_cancel: {
          subscription,
          retention: { type: 'coupon_offer', coupon_offer: { coupon: coupon.id } },
        },
      }),
    });
    const start = (await get(opened.path)).headers.get('location')!;
    expect(await (await get(start)).text()).toContain('Stay, and get 30% off, once.');
    await post(`${of(opened)}/offer`);
    expect(await find(opened.subscription)).toMatchObject({ cancel_at: null });
    expect((await find(opened.subscription)).discounts).toHaveLength(1);
  });

  test('a pause of a month ends by itself', async () => {
    const opened = await open();
    expect(await (await get(`${of(opened)}/pause`)).text()).toContain('name="duration"');
    await post(`${of(opened)}/pause`, { duration: '0' });
    expect(await find(opened.subscription)).toMatchObject({ status: 'paused' });
    await local.advanceTo(local.kernel.now() + 32 * day);
    expect(await find(opened.subscription)).toMatchObject({ status: 'active' });
    await post(`${of(opened)}/pause`, { duration: '7' });
    expect(await find(opened.subscription)).toMatchObject({ status: 'active' });
  });
});

describe('cards and details', () => {
  test('a card in use stays, another can be made the default and the old one removed', async () => {
    const opened = await open();
    const [visa] = (await stripe.customers.listPaymentMethods(opened.customer)).data;
    const cards = `${opened.path}/payment_methods`;
    expect((await post(`${cards}/${visa!.id}/remove`)).status).toBe(409);
    await post(`${cards}/new`, { ...card, number: '5555555555554444' });
    const left = await post(`${cards}/${visa!.id}/remove`);
    expect(left.status).toBe(303);
    const { data } = await stripe.customers.listPaymentMethods(opened.customer);
    expect(data.map((method) => method.card?.last4)).toEqual(['4444']);
  });

  test('details are changed, and only those that may be', async () => {
    const opened = await open();
    const form = { name: 'New Name', email: 'new@example.com', phone: '123', city: 'Suzhou' };
    expect((await post(`${opened.path}/customer`, form)).status).toBe(303);
    expect(await stripe.customers.retrieve(opened.customer)).toMatchObject({
      name: 'New Name',
      email: 'new@example.com',
      phone: null,
      address: { city: 'Suzhou' },
    });
    expect((await post(`${opened.path}/customer`, { email: 'nobody' })).status).toBe(400);
  });
});

test('a portal that offers nothing lets nothing be done', async () => {
  const opened = await open({ features: { invoice_history: { enabled: false } } });
  const text = await (await get(opened.path)).text();
  expect(text).not.toContain('Cancel subscription');
  const attempts = [
    `${of(opened)}/cancel`,
    `${of(opened)}/update`,
    `${of(opened)}/pause`,
    `${of(opened)}/resume`,
    `${opened.path}/customer`,
    `${opened.path}/payment_methods/new`,
  ];
  const before = await find(opened.subscription);
  for (const path of attempts) expect((await post(path, { price: team.id })).status).toBe(403);
  const after = await find(opened.subscription);
  expect(JSON.stringify(after)).toBe(JSON.stringify(before));
});

test('another customer’s subscription and card are not found', async () => {
  const mine = await open();
  const yours = await open();
  const [method] = (await stripe.customers.listPaymentMethods(yours.customer)).data;
  const foreign = `${mine.path}/subscriptions/${yours.subscription}`;
  expect((await post(`${foreign}/cancel`)).status).toBe(404);
  expect((await get(`${foreign}/update`)).status).toBe(404);
  const remove = `${mine.path}/payment_methods/${method!.id}/remove`;
  expect((await post(remove)).status).toBe(404);
});
