import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginStory, day, hour, newYear } from '../support/story.ts';
import { isSandbox } from '../support/subject.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** Somebody who has paid CNY 29.00 once, captured as the intent said. */
async function paid(capture_method?: 'automatic') {
  const story = await beginStory(world, { card: 'pm_card_visa' });
  const intent = await world.stripe.paymentIntents.create({
    amount: 2900,
    currency: 'cny',
    customer: story.customer.id,
    payment_method: (
      await world.stripe.customers.listPaymentMethods(story.customer.id, { limit: 1 })
    ).data[0]!.id,
    confirm: true,
    return_url: 'https://example.com/return',
    ...(capture_method === undefined ? {} : { capture_method }),
    expand: ['latest_charge'],
  });
  return { story, charge: intent.latest_charge as Stripe.Charge };
}

describe.skipIf(isSandbox)('8.14 what is booked', () => {
  test('is known a moment after an asynchronous capture, and told of', async () => {
    const { story, charge } = await paid();
    expect(charge).toMatchObject({ captured: true, balance_transaction: null });
    await story.mark();
    await story.advanceTo(newYear + hour);
    const later = await world.stripe.charges.retrieve(charge.id, {
      expand: ['balance_transaction'],
    });
    expect(later.balance_transaction).toMatchObject({ amount: 2900, type: 'charge' });
    const [event] = await story.events();
    expect(event).toMatchObject({
      type: 'charge.updated',
      data: { previous_attributes: { balance_transaction: null } },
    });
  });

  test('is known at once after an ordinary one', async () => {
    const { charge } = await paid('automatic');
    expect(charge.balance_transaction).toMatch(/^txn_/);
  });

  test('of an asynchronous capture may be refunded before', async () => {
    const { charge } = await paid();
    const refund = await world.stripe.refunds.create({ charge: charge.id, amount: 900 });
    expect(refund).toMatchObject({ status: 'succeeded', balance_transaction: expect.any(String) });
  });
});

test.skipIf(isSandbox)('8.14 a refund to a card is given its reference later', async () => {
  const { story, charge } = await paid();
  const refund = await world.stripe.refunds.create({ charge: charge.id });
  expect(refund.destination_details).toEqual({
    card: {
      reference_status: 'pending',
      reference_type: 'acquirer_reference_number',
      type: 'refund',
    },
    type: 'card',
  });
  await story.advanceTo(newYear + hour);
  await story.mark();
  await story.advanceTo(newYear + 2 * day);
  const later = await world.stripe.refunds.retrieve(refund.id);
  expect(later.destination_details!.card).toMatchObject({
    reference: expect.stringMatching(/^\d{23}$/),
    reference_status: 'available',
  });
  expect(await story.types()).toEqual(['refund.updated', 'charge.refund.updated']);
});

test('8.14 the subtotal comes after the discounts of lines, before those of the whole', async () => {
  const { stripe, customer } = world;
  const half = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
  const tenth = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  const invoice = await stripe.invoices.create({
    customer: customer.id,
    currency: 'cny',
    discounts: [{ coupon: tenth.id }],
  });
  await stripe.invoiceItems.create({
    customer: customer.id,
    invoice: invoice.id,
    amount: 1900,
    currency: 'cny',
    discounts: [{ coupon: half.id }],
  });
  const final = await stripe.invoices.finalizeInvoice(invoice.id, {
    expand: ['payments.data.payment.payment_intent'],
  });
  expect(final).toMatchObject({ subtotal: 950, total: 855, amount_due: 855 });
  expect(final.lines.data[0]).toMatchObject({ amount: 1900, subtotal: 1900, description: null });
  expect(final.total_discount_amounts!.map(({ amount }) => amount)).toEqual([950, 95]);
  const intent = final.payments!.data[0]!.payment.payment_intent as Stripe.PaymentIntent;
  expect(intent.description).toBe('Payment for Invoice');
  expect(intent.payment_details).toBeUndefined();
});

test('8.14 an invoice made by hand for a subscription is laid out as any other', async () => {
  const { stripe, customer, proMonthly } = world;
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: proMonthly.id }],
  });
  const invoice = await stripe.invoices.create({
    customer: customer.id,
    subscription: subscription.id,
  });
  expect(invoice.rendering).toMatchObject({ pdf: { page_size: 'auto' } });
});

test('8.14 a session for setup converts no prices and knows no tax status', async () => {
  const session = await world.stripe.checkout.sessions.create({
    mode: 'setup',
    customer: world.customer.id,
    currency: 'usd',
    success_url: 'https://example.com/done',
  });
  expect(session).toMatchObject({
    adaptive_pricing: { enabled: false },
    customer_details: { tax_exempt: null },
  });
});

test('8.8 an item of an amount takes another quantity, and says its cost in one way', async () => {
  const { stripe, customer } = world;
  const form = { customer: customer.id, currency: 'cny' };
  const { id } = await stripe.invoiceItems.create({ ...form, amount: 500 });
  expect(await stripe.invoiceItems.update(id, { quantity: 3 })).toMatchObject({
    amount: 1500,
    quantity: 3,
  });
  const unit = Stripe.Decimal.from('150.5');
  expect(await stripe.invoiceItems.update(id, { unit_amount_decimal: unit })).toMatchObject({
    amount: 452,
    quantity: 3,
  });
  const twice = stripe.invoiceItems.create({ ...form, amount: 500, quantity: 2 });
  await expect(twice).rejects.toMatchObject({ code: 'parameters_exclusive', param: 'quantity' });
});
