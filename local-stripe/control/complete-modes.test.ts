import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkoutStart, openCheckoutShop } from './testing/checkout-shop.ts';
import type { CheckoutShop } from './testing/checkout-shop.ts';

let shop: CheckoutShop;
let seen = 0;

beforeAll(async () => {
  shop = await openCheckoutShop();
});
afterAll(() => shop.local.close());
beforeEach(() => {
  seen = shop.local.kernel.store.size('_event');
});

describe('a subscription that owes less, more or nothing today', () => {
  test('with a trial sets the card up and owes nothing', async () => {
    const session = await shop.create({ subscription_data: { trial_period_days: 14 } });
    const { body } = await shop.complete(session.id, { card: 'pm_card_visa' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'no_payment_required' });
    expect(shop.eventsSince(seen)).toContain('setup_intent.succeeded');
    const { subscription } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({
      status: 'trialing',
      trial_end: checkoutStart + 14 * 86_400,
    });
  });

  test('with a trial and if_required needs no card', async () => {
    const session = await shop.create({
      subscription_data: {
        trial_period_days: 7,
        trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
      },
      payment_method_collection: 'if_required',
    });
    expect((await shop.complete(session.id, {})).body).toMatchObject({ status: 'complete' });
    const { subscription } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({ status: 'trialing', default_payment_method: null });
  });

  test('needs a card where one is asked for', async () => {
    const session = await shop.create();
    expect(await shop.complete(session.id, {})).toMatchObject({
      status: 400,
      body: { error: { param: 'card' } },
    });
    expect(await shop.complete(session.id, { card: 'visa' })).toMatchObject({ status: 400 });
  });

  test('of a customer on a test clock begins at that clock', async () => {
    const clock = await shop.stripe.testHelpers.testClocks.create({
      frozen_time: checkoutStart - 90 * 86_400,
    });
    const customer = await shop.stripe.customers.create({
      test_clock: clock.id,
      email: 't@example.com',
    });
    const session = await shop.create({ customer: customer.id });
    expect(session.created).toBe(checkoutStart - 90 * 86_400);
    await shop.complete(session.id, { card: 'pm_card_visa' });
    const { subscription } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({
      start_date: checkoutStart - 90 * 86_400,
      test_clock: clock.id,
    });
  });

  test('with a one-time item bills both at once', async () => {
    const line_items = [
      { price: shop.monthly.id, quantity: 1 },
      { price: shop.once.id, quantity: 2 },
    ];
    const session = await shop.create({ line_items });
    expect(session.amount_total).toBe(3900);
    await shop.complete(session.id, { card: 'pm_card_visa' });
    const { invoice, subscription } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice', 'subscription'],
    });
    expect(invoice).toMatchObject({ amount_paid: 3900 });
    expect((subscription as Stripe.Subscription).items.data).toHaveLength(1);
  });

  test('anchored to a later day is charged for the part until then, as the session said', async () => {
    const session = await shop.create({
      subscription_data: { billing_cycle_anchor: checkoutStart + 10 * 86_400 },
    });
    expect(session.amount_total).toBeGreaterThan(0);
    expect(session.amount_total).toBeLessThan(2900);
    await shop.complete(session.id, { card: 'pm_card_visa' });
    const { invoice } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice'],
    });
    expect(invoice).toMatchObject({ amount_paid: session.amount_total });
  });
});

describe('the other modes', () => {
  test('a payment without a customer, and one with a coupon that covers it', async () => {
    const line_items = [{ price: shop.once.id, quantity: 1 }];
    const guest = await shop.create({ mode: 'payment', line_items });
    const { body } = await shop.complete(guest.id, {
      card: 'pm_card_visa',
      email: 'g@example.com',
    });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'paid' });
    const paid = await shop.stripe.checkout.sessions.retrieve(guest.id, {
      expand: ['payment_intent'],
    });
    expect(paid).toMatchObject({
      customer: null,
      subscription: null,
      payment_intent: { status: 'succeeded', amount: 500 },
    });

    const coupon = await shop.stripe.coupons.create({ percent_off: 100, duration: 'once' });
    const free = await shop.create({
      mode: 'payment',
      line_items,
      discounts: [{ coupon: coupon.id }],
    });
    expect((await shop.complete(free.id, {})).body).toEqual({
      status: 'complete',
      paymentStatus: 'no_payment_required',
    });
    expect((await shop.stripe.coupons.retrieve(coupon.id)).times_redeemed).toBe(1);
  });

  test('a payment that creates its customer', async () => {
    const line_items = [{ price: shop.once.id, quantity: 1 }];
    const session = await shop.create({ mode: 'payment', line_items, customer_creation: 'always' });
    await shop.complete(session.id, { card: 'pm_card_visa', email: 'c@example.com' });
    const { customer } = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['customer'],
    });
    expect(customer).toMatchObject({ email: 'c@example.com' });
  });

  test('a card that is only saved', async () => {
    const customer = await shop.stripe.customers.create({ email: 's@example.com' });
    const session = await shop.stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'cny',
      customer: customer.id,
      success_url: 'https://app.example/ok',
    });
    expect(session).toMatchObject({ amount_total: null, payment_status: 'no_payment_required' });
    const { body } = await shop.complete(session.id, { card: '5555555555554444' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'no_payment_required' });
    const saved = await shop.stripe.checkout.sessions.retrieve(session.id, {
      expand: ['setup_intent'],
    });
    expect(saved.setup_intent).toMatchObject({ status: 'succeeded' });
    const { data } = await shop.stripe.customers.listPaymentMethods(customer.id);
    expect(data.map(({ card }) => card?.last4)).toEqual(['4444']);
  });
});
