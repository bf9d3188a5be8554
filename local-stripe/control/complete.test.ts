import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startLocalStripe } from '../index.ts';
import type { LocalStripe } from '../index.ts';
import { frozenClock } from '../kernel/clock.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

const start = Date.UTC(2027, 0, 15) / 1000;
const day = 86_400;

let local: LocalStripe;
let stripe: Stripe;
let monthly: Stripe.Price;
let once: Stripe.Price;
let seen = 0;

beforeAll(async () => {
  local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(start * 1000)),
    checkResponses: true,
  });
  stripe = new Stripe('sk_test_complete', {
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
});
afterAll(() => local.close());
beforeEach(() => {
  seen = local.kernel.store.size('_event');
});

const create = (params: Partial<CreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    success_url: 'https://app.example/ok',
    line_items: [{ price: monthly.id, quantity: 1 }],
    ...params,
  });

async function complete(id: string, body: object) {
  const response = await fetch(`${local.url}/_control/checkout_sessions/${id}/complete`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The types of the events since the test began, oldest first. */
function events(): string[] {
  return [...local.kernel.store.oldestFirst('_event')].slice(seen).map(({ body }) => body.type);
}

describe('a subscription', () => {
  test('is paid, with the events of a first purchase in their order', async () => {
    const session = await create({
      subscription_data: { metadata: { tenant: 't1' } },
      metadata: { of: 'the session' },
    });
    const { status, body } = await complete(session.id, {
      card: '4242 4242 4242 4242',
      email: 'first@example.com',
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: { status: 'complete', paymentStatus: 'paid' },
    });
    expect(events()).toEqual([
      'customer.created',
      'payment_method.attached',
      'payment_intent.created',
      'charge.succeeded',
      'payment_intent.succeeded',
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.updated',
      'checkout.session.completed',
      'invoice_payment.paid',
    ]);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription.default_payment_method', 'invoice', 'customer'],
    });
    expect(paid).toMatchObject({
      customer: { email: 'first@example.com' },
      customer_details: { email: 'first@example.com' },
      payment_intent: null,
      subscription: {
        status: 'active',
        metadata: { tenant: 't1' },
        default_payment_method: { card: { last4: '4242' } },
      },
      invoice: { status: 'paid', amount_paid: 2900, billing_reason: 'subscription_create' },
    });
    expect(await complete(session.id, { card: 'pm_card_visa' })).toMatchObject({ status: 409 });
  });

  test('stays open after a decline, and is paid in the second try by one intent', async () => {
    const session = await create({ customer_email: 'again@example.com' });
    expect(await complete(session.id, { card: '4000000000000002' })).toEqual({
      status: 200,
      body: {
        status: 'open',
        paymentStatus: 'unpaid',
        error: {
          code: 'card_declined',
          declineCode: 'generic_decline',
          message: 'Your card was declined.',
        },
      },
    });
    expect(events()).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
    ]);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'open',
      subscription: null,
      customer: null,
    });
    await complete(session.id, { card: 'pm_card_visa' });
    expect(events().filter((type) => type === 'payment_intent.created')).toHaveLength(1);
    expect(events()).toContain('checkout.session.completed');
  });

  test.each([
    ['4000000000009995', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', null],
    ['4000000000000127', 'incorrect_cvc', null],
    ['4000000000000119', 'processing_error', null],
    ['4242424242424241', 'incorrect_number', null],
  ])('card %s is refused as %s %s', async (card, code, declineCode) => {
    const session = await create({ customer_email: 'no@example.com' });
    const { status, body } = await complete(session.id, { card });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'open', error: { code } });
    if (declineCode !== null) expect(body).toMatchObject({ error: { declineCode } });
  });

  test('waits for the bank where the card asks, and only then comes into being', async () => {
    const session = await create({ customer_email: 'bank@example.com' });
    const failed = await complete(session.id, { card: '4000002760003184', authenticate: false });
    expect(failed.body).toMatchObject({
      status: 'open',
      error: { code: 'payment_intent_authentication_failure' },
    });
    expect(events()).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
    ]);
    const passed = await complete(session.id, { card: '4000002760003184' });
    expect(passed.body).toEqual({ status: 'complete', paymentStatus: 'paid' });
  });

  test('with a trial sets the card up and owes nothing', async () => {
    const session = await create({ subscription_data: { trial_period_days: 14 } });
    const { body } = await complete(session.id, { card: 'pm_card_visa' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'no_payment_required' });
    expect(events()).toContain('setup_intent.succeeded');
    const { subscription } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: start + 14 * day });
  });

  test('with a trial and if_required needs no card', async () => {
    const session = await create({
      subscription_data: {
        trial_period_days: 7,
        trial_settings: { end_behavior: { missing_payment_method: 'cancel' } },
      },
      payment_method_collection: 'if_required',
    });
    expect((await complete(session.id, {})).body).toMatchObject({ status: 'complete' });
    const { subscription } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({ status: 'trialing', default_payment_method: null });
  });

  test('needs a card where one is asked for', async () => {
    const session = await create();
    expect(await complete(session.id, {})).toMatchObject({
      status: 400,
      body: { error: { param: 'card' } },
    });
    expect(await complete(session.id, { card: 'visa' })).toMatchObject({ status: 400 });
  });

  test('of a customer on a test clock begins at that clock', async () => {
    const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start - 90 * day });
    const customer = await stripe.customers.create({
      test_clock: clock.id,
      email: 't@example.com',
    });
    const session = await create({ customer: customer.id });
    expect(session.created).toBe(start - 90 * day);
    await complete(session.id, { card: 'pm_card_visa' });
    const { subscription } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription'],
    });
    expect(subscription).toMatchObject({ start_date: start - 90 * day, test_clock: clock.id });
  });

  test('with a one-time item bills both at once', async () => {
    const line_items = [
      { price: monthly.id, quantity: 1 },
      { price: once.id, quantity: 2 },
    ];
    const session = await create({ line_items });
    expect(session.amount_total).toBe(3900);
    await complete(session.id, { card: 'pm_card_visa' });
    const { invoice, subscription } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice', 'subscription'],
    });
    expect(invoice).toMatchObject({ amount_paid: 3900 });
    expect((subscription as Stripe.Subscription).items.data).toHaveLength(1);
  });

  test('anchored to a later day is charged for the part until then, as the session said', async () => {
    const session = await create({
      subscription_data: { billing_cycle_anchor: start + 10 * day },
    });
    expect(session.amount_total).toBeGreaterThan(0);
    expect(session.amount_total).toBeLessThan(2900);
    await complete(session.id, { card: 'pm_card_visa' });
    const { invoice } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['invoice'],
    });
    expect(invoice).toMatchObject({ amount_paid: session.amount_total });
  });
});

describe('the other modes', () => {
  test('a payment without a customer, and one with a coupon that covers it', async () => {
    const line_items = [{ price: once.id, quantity: 1 }];
    const guest = await create({ mode: 'payment', line_items });
    const { body } = await complete(guest.id, { card: 'pm_card_visa', email: 'g@example.com' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'paid' });
    const paid = await stripe.checkout.sessions.retrieve(guest.id, { expand: ['payment_intent'] });
    expect(paid).toMatchObject({
      customer: null,
      subscription: null,
      payment_intent: { status: 'succeeded', amount: 500 },
    });

    const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'once' });
    const free = await create({ mode: 'payment', line_items, discounts: [{ coupon: coupon.id }] });
    expect((await complete(free.id, {})).body).toEqual({
      status: 'complete',
      paymentStatus: 'no_payment_required',
    });
    expect((await stripe.coupons.retrieve(coupon.id)).times_redeemed).toBe(1);
  });

  test('a payment that creates its customer', async () => {
    const line_items = [{ price: once.id, quantity: 1 }];
    const session = await create({ mode: 'payment', line_items, customer_creation: 'always' });
    await complete(session.id, { card: 'pm_card_visa', email: 'c@example.com' });
    const { customer } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['customer'],
    });
    expect(customer).toMatchObject({ email: 'c@example.com' });
  });

  test('a card that is only saved', async () => {
    const customer = await stripe.customers.create({ email: 's@example.com' });
    const session = await stripe.checkout.sessions.create({
      mode: 'setup',
      currency: 'cny',
      customer: customer.id,
      success_url: 'https://app.example/ok',
    });
    expect(session).toMatchObject({ amount_total: null, payment_status: 'no_payment_required' });
    const { body } = await complete(session.id, { card: '5555555555554444' });
    expect(body).toEqual({ status: 'complete', paymentStatus: 'no_payment_required' });
    const saved = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] });
    expect(saved.setup_intent).toMatchObject({ status: 'succeeded' });
    const { data } = await stripe.customers.listPaymentMethods(customer.id);
    expect(data.map(({ card }) => card?.last4)).toEqual(['4444']);
  });
});
