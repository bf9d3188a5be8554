import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openCheckoutShop } from './testing/checkout-shop.ts';
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

describe('a subscription', () => {
  test('is paid, with the events of a first purchase in their order', async () => {
    const session = await shop.create({
      subscription_data: { metadata: { tenant: 't1' } },
      metadata: { of: 'the session' },
    });
    const { status, body } = await shop.complete(session.id, {
      card: '4242 4242 4242 4242',
      email: 'first@example.com',
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: { status: 'complete', paymentStatus: 'paid' },
    });
    expect(shop.eventsSince(seen)).toEqual([
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
    const paid = await shop.stripe.checkout.sessions.retrieve(session.id, {
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
    expect(await shop.complete(session.id, { card: 'pm_card_visa' })).toMatchObject({
      status: 409,
    });
  });

  test('stays open after a decline, and is paid in the second try by one intent', async () => {
    const session = await shop.create({ customer_email: 'again@example.com' });
    expect(await shop.complete(session.id, { card: '4000000000000002' })).toEqual({
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
    expect(shop.eventsSince(seen)).toEqual([
      'payment_intent.created',
      'charge.failed',
      'payment_intent.payment_failed',
    ]);
    expect(await shop.stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'open',
      subscription: null,
      customer: null,
    });
    await shop.complete(session.id, { card: 'pm_card_visa' });
    expect(shop.eventsSince(seen).filter((type) => type === 'payment_intent.created')).toHaveLength(
      1,
    );
    expect(shop.eventsSince(seen)).toContain('checkout.session.completed');
  });

  test.each([
    ['4000000000009995', 'card_declined', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', null],
    ['4000000000000127', 'incorrect_cvc', null],
    ['4000000000000119', 'processing_error', null],
    ['4242424242424241', 'incorrect_number', null],
  ])('card %s is refused as %s %s', async (card, code, declineCode) => {
    const session = await shop.create({ customer_email: 'no@example.com' });
    const { status, body } = await shop.complete(session.id, { card });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'open', error: { code } });
    if (declineCode !== null) expect(body).toMatchObject({ error: { declineCode } });
  });

  test('waits for the bank where the card asks, and only then comes into being', async () => {
    const session = await shop.create({ customer_email: 'bank@example.com' });
    const failed = await shop.complete(session.id, {
      card: '4000002760003184',
      authenticate: false,
    });
    expect(failed.body).toMatchObject({
      status: 'open',
      error: { code: 'payment_intent_authentication_failure' },
    });
    expect(shop.eventsSince(seen)).toEqual([
      'payment_intent.created',
      'payment_intent.requires_action',
      'payment_intent.payment_failed',
    ]);
    const passed = await shop.complete(session.id, { card: '4000002760003184' });
    expect(passed.body).toEqual({ status: 'complete', paymentStatus: 'paid' });
  });
});
