import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBench } from './testing/bench.ts';
import type { Bench } from './testing/bench.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench('2027-01-15T10:00:00');
});
afterEach(() => bench.close());

const paid = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'];

describe('a subscription by the API', () => {
  test('is paid first, then comes into being', async () => {
    const { stripe, monthly } = bench;
    const customer = await bench.customer();
    await bench.newEvents();
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
    expect(await bench.newEvents()).toEqual([
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
    const { stripe, monthly } = bench;
    const customer = await bench.customer();
    const { id } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: monthly.id }],
    });
    await bench.newEvents();
    await bench.advanceTo('2027-02-15T10:00:00');
    expect(await bench.newEvents()).toEqual([
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
    await bench.advanceTo('2027-02-15T11:00:00');
    expect(await bench.newEvents()).toEqual([
      'invoice.finalized',
      ...paid,
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
  });
});
