import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeCheckout } from '../support/control.ts';
import { fresh, openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { isSandbox } from '../support/subject.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const good = '4242424242424242';

const openSession = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  world.stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: world.proMonthly.id, quantity: 1 }],
    success_url: 'https://example.com/done?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://example.com/plans',
    client_reference_id: 't_1',
    subscription_data: { metadata: { tenant: 't_1' } },
    ...params,
  });

/** What was made known since the last look, oldest first. */
async function recorder() {
  let last = (await world.stripe.events.list({ limit: 1 })).data[0]?.id;
  return async () => {
    await world.local?.settled();
    const params = { limit: 100, ...(last === undefined ? {} : { ending_before: last }) };
    const { data } = await world.stripe.events.list(params);
    last = data[0]?.id ?? last;
    return data.reverse();
  };
}
const typesOf = (events: Stripe.Event[]) => events.map(({ type }) => type);

describe('a session', () => {
  test('is open and unpaid, and tells nobody', async () => {
    const news = await recorder();
    const session = await openSession();
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      mode: 'subscription',
      subscription: null,
      amount_total: 2900,
      currency: 'cny',
      client_reference_id: 't_1',
    });
    expect(session.url).toMatch(/^https?:\/\//);
    if (!isSandbox) expect(await news()).toEqual([]);
  });

  test('that is expired cannot be paid, and tells so', async () => {
    const news = await recorder();
    const { id } = await openSession();
    const expired = await world.stripe.checkout.sessions.expire(id);
    expect(expired).toMatchObject({ status: 'expired', url: null });
    if (!isSandbox) expect(typesOf(await news())).toEqual(['checkout.session.expired']);
    await expect(world.stripe.checkout.sessions.expire(id)).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test.skipIf(isSandbox)('expires by itself after a day', async () => {
    const { id, expires_at } = await openSession();
    await world.local?.advanceTo(expires_at + 1);
    const session = await world.stripe.checkout.sessions.retrieve(id);
    expect(session.status).toBe('expired');
  });

  test.each([
    ['no line items', { line_items: undefined }],
    ['a price that is none', { line_items: [{ price: 'price_none', quantity: 1 }] }],
    ['payment method types', { payment_method_types: ['card'] }],
    ['no success_url', { success_url: undefined }],
  ])('is refused with %s', async (_name, params) => {
    await expect(openSession(params as never)).rejects.toMatchObject({ statusCode: 400 });
  });
});

// No API pays a Checkout session: only its page does, or the control of the local Stripe.
describe.skipIf(isSandbox)('paying', () => {
  test('by a new person: everything comes to be in order', async () => {
    const news = await recorder();
    const { id } = await openSession();
    const email = 'new@example.com';
    const result = await completeCheckout(world, id, { card: good, email });
    expect(result).toMatchObject({ status: 'complete', paymentStatus: 'paid' });
    const events = await news();
    expect(typesOf(events)).toEqual([
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
    const session = await world.stripe.checkout.sessions.retrieve(id, {
      expand: ['subscription.latest_invoice', 'customer'],
    });
    expect(session).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      url: null,
      customer: { email },
      customer_details: { email },
      subscription: {
        status: 'active',
        metadata: { tenant: 't_1' },
        latest_invoice: {
          status: 'paid',
          amount_paid: 2900,
          billing_reason: 'subscription_create',
        },
      },
    });
    const subscription = session.subscription as Stripe.Subscription;
    expect(subscription.default_payment_method).toMatch(/^pm_/);
    const completed = events.find(({ type }) => type === 'checkout.session.completed');
    expect(completed?.data.object).toMatchObject({
      id,
      status: 'complete',
      payment_status: 'paid',
    });
  });

  test('with a feature on the product: entitled at once', async () => {
    const product = await world.stripe.products.create({ name: 'Featured' });
    const feature = await world.stripe.entitlements.features.create({
      lookup_key: fresh('advanced_models'),
      name: 'Advanced models',
    });
    await world.stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
    const price = await world.stripe.prices.create({
      product: product.id,
      currency: 'cny',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const news = await recorder();
    const { id } = await openSession({ line_items: [{ price: price.id, quantity: 1 }] });
    await completeCheckout(world, id, { card: good, email: 'new@example.com' });
    const events = await news();
    const summary = events.find(({ type }) => type.startsWith('entitlements.'));
    expect(summary?.data.object).toMatchObject({
      entitlements: { data: [{ feature: feature.id, lookup_key: feature.lookup_key }] },
    });
    const { customer } = await world.stripe.checkout.sessions.retrieve(id);
    const active = await world.stripe.entitlements.activeEntitlements.list({
      customer: customer as string,
    });
    expect(active.data).toMatchObject([{ lookup_key: feature.lookup_key }]);
  });

  test('a declined card leaves nothing but the failed attempt; the next one pays', async () => {
    const news = await recorder();
    const { id } = await openSession();
    const declined = await completeCheckout(world, id, {
      card: '4000000000000002',
      email: 'try@example.com',
    });
    expect(declined).toMatchObject({ status: 'open', paymentStatus: 'unpaid' });
    expect(JSON.stringify(declined.error)).toContain('card_declined');
    expect(typesOf(await news())).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
    ]);
    const session = await world.stripe.checkout.sessions.retrieve(id);
    expect(session).toMatchObject({ status: 'open', payment_status: 'unpaid', subscription: null });
    const paid = await completeCheckout(world, id, { card: good, email: 'try@example.com' });
    expect(paid).toMatchObject({ status: 'complete', paymentStatus: 'paid' });
  });

  test('with a trial nothing is charged, and the card is kept', async () => {
    const news = await recorder();
    const { id } = await openSession({ subscription_data: { trial_period_days: 14 } });
    await completeCheckout(world, id, { card: good, email: 'trial@example.com' });
    const types = typesOf(await news());
    expect(types).toEqual(
      expect.arrayContaining([
        'setup_intent.created',
        'setup_intent.succeeded',
        'payment_method.attached',
        'customer.subscription.created',
        'invoice.paid',
        'checkout.session.completed',
      ]),
    );
    expect(types.some((type) => type.startsWith('charge.'))).toBe(false);
    const session = await world.stripe.checkout.sessions.retrieve(id, { expand: ['subscription'] });
    expect(['paid', 'no_payment_required']).toContain(session.payment_status);
    expect(session.subscription).toMatchObject({ status: 'trialing' });
  });

  test('with a promotion code costs less, and counts it', async () => {
    const coupon = await world.stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const code = await world.stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
    });
    const { id } = await openSession({ discounts: [{ promotion_code: code.id }] });
    await completeCheckout(world, id, { card: good, email: 'half@example.com' });
    const session = await world.stripe.checkout.sessions.retrieve(id, { expand: ['invoice'] });
    expect(session.amount_total).toBe(1450);
    expect(session.invoice).toMatchObject({ amount_paid: 1450, total: 1450 });
    expect((await world.stripe.promotionCodes.retrieve(code.id)).times_redeemed).toBe(1);
    expect((await world.stripe.coupons.retrieve(coupon.id)).times_redeemed).toBe(1);
  });

  test('in setup mode keeps a card; in payment mode charges once', async () => {
    const setup = await openSession({
      mode: 'setup',
      currency: 'cny',
      customer: world.customer.id,
      line_items: undefined,
      subscription_data: undefined,
    });
    await completeCheckout(world, setup.id, { card: good });
    const kept = await world.stripe.checkout.sessions.retrieve(setup.id, {
      expand: ['setup_intent'],
    });
    expect(kept).toMatchObject({ status: 'complete', setup_intent: { status: 'succeeded' } });

    const once = await world.stripe.prices.create({
      product: world.product.id,
      currency: 'cny',
      unit_amount: 500,
    });
    const payment = await openSession({
      mode: 'payment',
      line_items: [{ price: once.id, quantity: 2 }],
      subscription_data: undefined,
    });
    await completeCheckout(world, payment.id, { card: good, email: 'once@example.com' });
    const paid = await world.stripe.checkout.sessions.retrieve(payment.id, {
      expand: ['payment_intent', 'line_items'],
    });
    expect(paid).toMatchObject({
      payment_status: 'paid',
      subscription: null,
      payment_intent: { amount: 1000, status: 'succeeded' },
      line_items: { data: [{ quantity: 2, amount_total: 1000 }] },
    });
  });
});
