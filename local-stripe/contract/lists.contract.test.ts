import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completeCheckout } from './support/control.ts';
import { isSandbox } from './support/subject.ts';
import { openWorld } from './support/world.ts';
import type { World } from './support/world.ts';

let world: World;
let stripe: Stripe;
beforeAll(async () => {
  world = await openWorld();
  stripe = world.stripe;
});
afterAll(() => world.close());

const pay = (params: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({
    amount: 900,
    currency: 'cny',
    customer: world.customer.id,
    payment_method: world.card,
    confirm: true,
    return_url: 'https://example.com/return',
    ...params,
  });
const send = (daysUntilDue: number) =>
  stripe.invoices.create({
    customer: world.customer.id,
    collection_method: 'send_invoice',
    days_until_due: daysUntilDue,
  });

describe('8.8 a filter of a list is applied', () => {
  test('of when an invoice is due, which leaves out what is not due at all', async () => {
    const [soon, late] = [await send(3), await send(30)];
    await stripe.invoices.create({ customer: world.customer.id });
    const { data } = await stripe.invoices.list({ due_date: { gt: soon.due_date! } });
    expect(data.map(({ id }) => id)).toEqual([late.id]);
  });

  test('of the group of a charge, which it shows', async () => {
    const { latest_charge } = await pay({ transfer_group: 'order_1' });
    await pay();
    const { data } = await stripe.charges.list({ transfer_group: 'order_1' });
    expect(data.map(({ id, transfer_group }) => [id, transfer_group])).toEqual([
      [latest_charge, 'order_1'],
    ]);
  });

  test('of when an invoice item came to be, which is its date', async () => {
    const form = { customer: world.customer.id, amount: 100, currency: 'cny' };
    const { date } = await stripe.invoiceItems.create(form);
    const before = await stripe.invoiceItems.list({ created: { lt: date } });
    const since = await stripe.invoiceItems.list({ created: { gte: date } });
    expect([before.data.length, since.data.length]).toEqual([0, 1]);
  });

  test.skipIf(isSandbox)('or refused in words', async () => {
    for (const list of [
      stripe.customers.list({ customer_account: 'acct_1' } as never),
      stripe.balanceTransactions.list({ payout: 'po_1' }),
      stripe.checkout.sessions.list({ payment_link: 'plink_1' }),
      stripe.setupIntents.list({ attach_to_self: true }),
    ]) {
      await expect(list).rejects.toMatchObject({ statusCode: 400 });
    }
  });
});

test('8.8 an intent is asked for with its own secret alone', async () => {
  const { id, client_secret } = await pay();
  await stripe.paymentIntents.retrieve(id, { client_secret: client_secret! });
  const other = stripe.paymentIntents.retrieve(id, { client_secret: `${id}_secret_other` });
  await expect(other).rejects.toMatchObject({ statusCode: 400, param: 'client_secret' });
});

test('8.8 a line that is updated has the metadata', async () => {
  const { id } = await stripe.invoices.create({ customer: world.customer.id, currency: 'cny' });
  const { lines } = await stripe.invoices.addLines(id, {
    lines: [{ amount: 500, description: 'A mug' }],
  });
  const updated = await stripe.invoices.updateLines(id, {
    lines: [{ id: lines.data[0]!.id, metadata: { cup: 'blue' } }],
  });
  expect(updated.lines.data[0]!.metadata).toEqual({ cup: 'blue' });
});

test('8.8 a credit note may name a refund of almost all that was paid', async () => {
  const { id: invoice } = await stripe.invoices.create({
    customer: world.customer.id,
    currency: 'cny',
  });
  await stripe.invoices.addLines(invoice, { lines: [{ amount: 900, description: 'A mug' }] });
  await stripe.invoices.finalizeInvoice(invoice);
  await stripe.invoices.pay(invoice);
  const { data } = await stripe.charges.list({ customer: world.customer.id, limit: 1 });
  const refund = await stripe.refunds.create({ charge: data[0]!.id, amount: 700 });
  const note = await stripe.creditNotes.create({
    invoice,
    amount: 700,
    refunds: [{ refund: refund.id, amount_refunded: 700 }],
  });
  expect(note).toMatchObject({ total: 700, post_payment_amount: 700 });
  const more = stripe.creditNotes.create({ invoice, amount: 300, out_of_band_amount: 300 });
  await expect(more).rejects.toMatchObject({ param: 'amount' });
});

test.skipIf(isSandbox)('8.8 Checkout sells a subscription at a price of its own', async () => {
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    customer_email: 'li@example.com',
    line_items: [
      {
        price_data: {
          currency: 'cny',
          product: world.product.id,
          unit_amount: 4900,
          recurring: { interval: 'month' },
        },
        quantity: 2,
      },
    ],
    success_url: 'https://example.com/done',
  });
  expect(session.amount_total).toBe(9800);
  await completeCheckout(world, session.id, { card: '4242424242424242' });
  const { subscription } = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['subscription'],
  });
  const [item] = (subscription as Stripe.Subscription).items.data;
  expect(item).toMatchObject({ quantity: 2, price: { active: false, unit_amount: 4900 } });
});
