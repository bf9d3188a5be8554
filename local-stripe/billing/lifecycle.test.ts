import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seconds, startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
});
afterEach(() => shop.close());

async function subscribe(params: Partial<Stripe.SubscriptionCreateParams> = {}, card?: string) {
  const customer = await shop.customer(card);
  const { id } = await shop.stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
    ...params,
  });
  return { customer: customer.id, id };
}

const totals = async (subscription: string) => {
  const { data } = await shop.stripe.invoices.list({ subscription, limit: 100 });
  return data.map(({ total }) => total).reverse();
};
const statusOf = async (id: string) => (await shop.stripe.subscriptions.retrieve(id)).status;

describe('coupons', () => {
  test.each([
    ['once', {}, [1900, 2900, 2900, 2900]],
    ['repeating', { duration_in_months: 2 }, [1900, 1900, 2900, 2900]],
    ['forever', {}, [1900, 1900, 1900, 1900]],
  ] as const)('for %s take their amount off for so long', async (duration, more, expected) => {
    const coupon = await shop.stripe.coupons.create({
      amount_off: 1000,
      currency: 'usd',
      duration,
      ...more,
    });
    const { id } = await subscribe({ discounts: [{ coupon: coupon.id }] });
    await shop.advanceTo('2027-04-15T12:00:00');
    expect(await totals(id)).toEqual(expected);
  });

  test('of one hundred percent need no card', async () => {
    const coupon = await shop.stripe.coupons.create({ percent_off: 100, duration: 'forever' });
    const customer = await shop.stripe.customers.create({});
    const subscription = await shop.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: shop.monthly.id }],
      discounts: [{ coupon: coupon.id }],
    });
    expect(subscription.status).toBe('active');
    await shop.advanceTo('2027-03-15T12:00:00');
    expect(await totals(subscription.id)).toEqual([0, 0, 0]);
    expect(await statusOf(subscription.id)).toBe('active');
  });

  test('wait for the first invoice that is not of a trial', async () => {
    const coupon = await shop.stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const { id } = await subscribe({ trial_period_days: 7, discounts: [{ coupon: coupon.id }] });
    await shop.advanceTo('2027-03-01T00:00:00');
    expect(await totals(id)).toEqual([0, 1450, 2900]);
  });
});

describe('invoices that are sent', () => {
  test('are open until paid, and overdue makes the subscription past due', async () => {
    const { id } = await subscribe({ collection_method: 'send_invoice', days_until_due: 10 });
    expect(await statusOf(id)).toBe('active');
    await shop.advanceTo('2027-01-15T12:00:00');
    const [invoice] = (await shop.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status: 'open', due_date: seconds('2027-01-25T10:00:00') });
    await shop.newEvents();
    await shop.advanceTo('2027-01-25T10:00:00');
    expect(await shop.newEvents()).toEqual(['invoice.overdue', 'customer.subscription.updated']);
    expect(await statusOf(id)).toBe('past_due');
    await shop.stripe.invoices.pay(invoice!.id, { paid_out_of_band: true });
    expect(await shop.newEvents()).not.toContain('invoice.payment_succeeded');
    expect(await statusOf(id)).toBe('active');
  });
});

describe('paused collection', () => {
  test.each([
    ['void', 'void'],
    ['mark_uncollectible', 'uncollectible'],
    ['keep_as_draft', 'draft'],
  ] as const)('with %s leaves invoices %s and charges nothing', async (behavior, status) => {
    const { id } = await subscribe();
    await shop.stripe.subscriptions.update(id, { pause_collection: { behavior } });
    await shop.advanceTo('2027-02-16T10:00:00');
    const [invoice] = (await shop.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status, amount_paid: 0 });
    expect(await statusOf(id)).toBe('active');
  });

  test('goes on by itself when that was asked for', async () => {
    const { id } = await subscribe();
    const resumes_at = seconds('2027-02-20T00:00:00');
    await shop.stripe.subscriptions.update(id, {
      pause_collection: { behavior: 'void', resumes_at },
    });
    await shop.advanceTo('2027-03-16T00:00:00');
    const [invoice] = (await shop.stripe.invoices.list({ subscription: id })).data;
    expect(invoice).toMatchObject({ status: 'paid' });
    expect((await shop.stripe.subscriptions.retrieve(id)).pause_collection).toBeNull();
  });
});

test('what is metered is billed when the period is over', async () => {
  const meter = await shop.stripe.billing.meters.create({
    display_name: 'Calls',
    event_name: 'calls',
    default_aggregation: { formula: 'sum' },
  });
  const price = await shop.stripe.prices.create({
    product: String(shop.monthly.product),
    currency: 'usd',
    unit_amount: 3,
    recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
  });
  const { customer, id } = await subscribe({
    items: [{ price: shop.monthly.id }, { price: price.id }],
  });
  expect(await totals(id)).toEqual([2900]);
  await shop.advanceTo('2027-02-01T00:00:00');
  for (const value of ['40', '60']) {
    await shop.stripe.billing.meterEvents.create({
      event_name: 'calls',
      payload: { stripe_customer_id: customer, value },
    });
  }
  await shop.advanceTo('2027-03-16T00:00:00');
  expect(await totals(id)).toEqual([2900, 3200, 2900]);
});

describe('ending at a time of its own', () => {
  test('before the period is over, it ends then', async () => {
    const { id } = await subscribe();
    const cancel_at = seconds('2027-01-20T00:00:00');
    await shop.stripe.subscriptions.update(id, { cancel_at });
    await shop.advanceTo('2027-01-21T00:00:00');
    const { status, ended_at } = await shop.stripe.subscriptions.retrieve(id);
    expect({ status, ended_at }).toEqual({ status: 'canceled', ended_at: cancel_at });
  });

  test('max_period_end is a time, and does not move', async () => {
    const { id } = await subscribe();
    const after = await shop.stripe.subscriptions.update(id, { cancel_at: 'max_period_end' });
    expect(after).toMatchObject({
      cancel_at: seconds('2027-02-15T10:00:00'),
      cancel_at_period_end: false,
    });
    await shop.advanceTo('2027-02-15T10:00:00');
    expect(await statusOf(id)).toBe('canceled');
    expect(await totals(id)).toEqual([2900]);
  });
});

test('a resumption that has to be paid first stays paused until it is', async () => {
  const { stripe } = shop;
  const { id, customer } = await subscribe();
  await stripe.subscriptions.pause(id, {
    type: 'subscription',
    bill_for: { unused_time_from: { type: 'none' } },
  });
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
  await stripe.subscriptions.update(id, { default_payment_method: bad.id });
  await shop.advanceTo('2027-03-01T00:00:00');
  const resume = { payment_behavior: 'resume_on_payment_success' as const };
  const held = await stripe.subscriptions.resume(id, resume);
  expect(held.status).toBe('paused');
  const good = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  await shop.newEvents();
  await stripe.invoices.pay(String(held.latest_invoice), { payment_method: good.id });
  expect(await statusOf(id)).toBe('active');
  expect(await shop.newEvents()).toContain('customer.subscription.resumed');
});

test('a card set up for a subscription in trial becomes its own', async () => {
  const { stripe } = shop;
  const customer = await stripe.customers.create({});
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
    trial_period_days: 7,
    payment_behavior: 'default_incomplete',
    payment_settings: { save_default_payment_method: 'on_subscription' },
    expand: ['pending_setup_intent'],
  });
  const setup = subscription.pending_setup_intent as Stripe.SetupIntent;
  await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa' });
  const after = await stripe.subscriptions.retrieve(subscription.id);
  expect(after.pending_setup_intent).toBeNull();
  expect(after.default_payment_method).toMatch(/^pm_/);
  await shop.advanceTo('2027-01-23T00:00:00');
  expect(await statusOf(subscription.id)).toBe('active');
});

test('the two clocks do not touch each other', async () => {
  const { stripe, local } = shop;
  const clock = await stripe.testHelpers.testClocks.create({
    frozen_time: seconds('2026-06-30T00:00:00'),
  });
  const customer = await stripe.customers.create({
    test_clock: clock.id,
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: shop.monthly.id }],
  });
  const other = await subscribe();
  await stripe.testHelpers.testClocks.advance(clock.id, {
    frozen_time: seconds('2026-08-01T00:00:00'),
  });
  await local.settled();
  expect(await totals(id)).toEqual([2900, 2900]);
  expect(await totals(other.id)).toEqual([2900]);
  await shop.advanceTo('2027-02-15T12:00:00');
  expect(await totals(id)).toEqual([2900, 2900]);
  expect(await totals(other.id)).toEqual([2900, 2900]);
});
