import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
});
afterEach(() => shop.close());

const paid = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'];

describe('a subscription by the API', () => {
  test('is paid first, then comes into being', async () => {
    const { stripe, monthly } = shop;
    const customer = await shop.customer();
    await shop.newEvents();
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
      expand: ['latest_invoice.payments.data.payment.payment_intent'],
    });
    expect(subscription).toMatchObject({
      status: 'active',
      billing_mode: { type: 'flexible' },
      latest_invoice: { status: 'paid', total: 2900, amount_paid: 2900, attempt_count: 1 },
    });
    expect(await shop.newEvents()).toEqual([
      ...paid,
      'customer.subscription.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.updated',
      'invoice_payment.paid',
    ]);
  });

  test('renews: a draft for an hour, then paid', async () => {
    const { stripe, monthly } = shop;
    const customer = await shop.customer();
    const { id } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
    });
    await shop.newEvents();
    await shop.advanceTo('2027-02-15T10:00:00');
    expect(await shop.newEvents()).toEqual([
      'invoice.upcoming',
      'customer.subscription.updated',
      'invoice.created',
    ]);
    const { data } = await stripe.invoices.list({ subscription: id });
    expect(data[0]).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
      total: 2900,
    });
    await shop.advanceTo('2027-02-15T11:00:00');
    expect(await shop.newEvents()).toEqual([
      'invoice.finalized',
      ...paid,
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
  });
});
