import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
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

const buy = (params: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  shop.create({ mode: 'payment', line_items: [{ price: shop.once.id, quantity: 2 }], ...params });

test('8 missing: what is bought is on an invoice that the payment has paid', async () => {
  const coupon = await shop.stripe.coupons.create({ percent_off: 25, duration: 'once' });
  const session = await buy({
    discounts: [{ coupon: coupon.id }],
    invoice_creation: {
      enabled: true,
      invoice_data: {
        description: 'Credits',
        footer: 'Thank you',
        metadata: { pack: 'small' },
        custom_fields: [{ name: 'Order', value: '7' }],
      },
    },
  });
  await shop.complete(session.id, { method: 'alipay', email: 'wu@example.com' });
  const done = await shop.stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice'] });
  const invoice = done.invoice as Stripe.Invoice;
  expect(done.customer).toMatch(/^cus_/);
  expect(invoice).toMatchObject({
    status: 'paid',
    billing_reason: 'manual',
    customer: done.customer,
    subtotal: 1000,
    total: 750,
    amount_paid: 750,
    description: 'Credits',
    footer: 'Thank you',
    metadata: { pack: 'small' },
    custom_fields: [{ name: 'Order', value: '7' }],
    parent: null,
  });
  expect(invoice.lines.data).toMatchObject([
    { amount: 1000, quantity: 2, pricing: { price_details: { price: shop.once.id } } },
  ]);
  const intent = done.payment_intent as string;
  const found = await shop.stripe.invoicePayments.list({
    payment: { type: 'payment_intent', payment_intent: intent },
  });
  expect(found.data).toMatchObject([
    { invoice: invoice.id, amount_paid: 750, status: 'paid', is_default: true },
  ]);
  expect(await shop.stripe.coupons.retrieve(coupon.id)).toMatchObject({ times_redeemed: 1 });
  const told = shop.eventsSince(seen);
  expect(told.indexOf('invoice.paid')).toBeLessThan(told.indexOf('checkout.session.completed'));
  expect(told).toContain('invoice_payment.paid');
});

test('8 missing: the customer’s balance stays out of a purchase', async () => {
  const customer = await shop.stripe.customers.create({ email: 'wu@example.com', balance: -300 });
  const session = await buy({ customer: customer.id, invoice_creation: { enabled: true } });
  await shop.complete(session.id, { card: 'pm_card_visa' });
  const { invoice } = await shop.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['invoice'],
  });
  expect(invoice).toMatchObject({ status: 'paid', amount_due: 1000, amount_paid: 1000 });
  expect(await shop.stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -300 });
});

test('12 what a session says of its payment is on the payment', async () => {
  const session = await buy({
    payment_intent_data: {
      description: 'Credits',
      metadata: { pack: 'small' },
      receipt_email: 'receipts@example.com',
      statement_descriptor_suffix: 'CREDITS',
      transfer_group: 'packs',
      capture_method: 'automatic_async',
    },
  });
  await shop.complete(session.id, { card: 'pm_card_visa' });
  const { payment_intent } = await shop.stripe.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge'],
  });
  expect(payment_intent).toMatchObject({
    description: 'Credits',
    metadata: { pack: 'small' },
    receipt_email: 'receipts@example.com',
    statement_descriptor_suffix: 'CREDITS',
    transfer_group: 'packs',
    capture_method: 'automatic_async',
    payment_method_options: { card: {}, wechat_pay: { app_id: null, client: 'web' } },
    latest_charge: { receipt_email: 'receipts@example.com', transfer_group: 'packs' },
  });
  const holding = buy({ payment_intent_data: { capture_method: 'manual' } });
  await expect(holding).rejects.toMatchObject({ param: 'payment_intent_data[capture_method]' });
});

test('8 missing: a wallet that takes its time pays for who was deleted meanwhile, without an invoice', async () => {
  const delay = (seconds: number) =>
    fetch(`${shop.local.url}/_control/delayed_payments`, {
      method: 'POST',
      body: JSON.stringify({ seconds, outcome: 'succeeded' }),
    });
  const { id: customer } = await shop.stripe.customers.create();
  const session = await buy({ customer, invoice_creation: { enabled: true } });
  await delay(60);
  await shop.complete(session.id, { method: 'alipay' });
  await delay(0);
  await shop.stripe.customers.del(customer);
  await shop.local.advanceTo(shop.local.kernel.now() + 60);
  const done = await shop.stripe.checkout.sessions.retrieve(session.id);
  expect(done).toMatchObject({ payment_status: 'paid', invoice: null });
});
