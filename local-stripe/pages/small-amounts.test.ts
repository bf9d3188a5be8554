import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckoutShop } from '../control/testing/checkout-shop.ts';
import type { CheckoutShop } from '../control/testing/checkout-shop.ts';

let shop: CheckoutShop;

beforeAll(async () => {
  shop = await openCheckoutShop();
});
afterAll(() => shop.local.close());

const pageOf = async ({ hosted_invoice_url: url }: Stripe.Invoice, language: string) =>
  (await fetch(url!, { headers: { 'accept-language': language } })).text();

test('12 what a credit note leaves, too little to charge, is not asked for on the page', async () => {
  const { stripe } = shop;
  const { id: customer } = await stripe.customers.create({});
  const { id } = await stripe.invoices.create({ customer, currency: 'cny' });
  await stripe.invoiceItems.create({ customer, invoice: id, amount: 900, currency: 'cny' });
  const invoice = await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
  expect(await pageOf(invoice, 'en')).toContain('Pay this invoice');
  await stripe.creditNotes.create({ invoice: id, amount: 700 });
  const page = await pageOf(invoice, 'en');
  expect(page).not.toContain('Pay this invoice');
  expect(page).toContain('What is left is too little to be charged here.');
  expect(await pageOf(invoice, 'zh-CN')).toContain('剩余金额过低');
  const paying = await fetch(invoice.hosted_invoice_url!, {
    method: 'POST',
    body: new URLSearchParams({ number: '4242424242424242', expiry: '12/40', cvc: '123' }),
    redirect: 'manual',
  });
  expect(paying.status).toBe(402);
  expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'open', attempt_count: 0 });
});

test('12 a quantity that comes to less than can be charged is refused', async () => {
  const { stripe } = shop;
  const price_data = { currency: 'cny', unit_amount: 250, product_data: { name: 'Sticker' } };
  const session = await shop.create({
    mode: 'payment',
    line_items: [{ price_data, quantity: 2, adjustable_quantity: { enabled: true, minimum: 1 } }],
  });
  const { data } = await stripe.checkout.sessions.listLineItems(session.id);
  const line = data[0]!.id;
  const answer = await fetch(`${shop.local.url}/c/pay/${session.id}/quantity`, {
    method: 'POST',
    body: new URLSearchParams({ line, [`quantity_${line}`]: '1' }),
    redirect: 'manual',
  });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('This quantity cannot be ordered.');
  expect((await stripe.checkout.sessions.retrieve(session.id)).amount_total).toBe(500);
});
