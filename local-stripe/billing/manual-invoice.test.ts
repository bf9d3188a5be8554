import type Stripe from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startShop } from './testing/shop.ts';
import type { Shop } from './testing/shop.ts';

let shop: Shop;
beforeEach(async () => {
  shop = await startShop('2027-01-15T10:00:00');
});
afterEach(() => shop.close());

describe('an invoice by hand', () => {
  test('gathers its items, is finalized, paid, and numbered after the others', async () => {
    const { stripe } = shop;
    const customer = await shop.customer();
    const draft = await stripe.invoices.create({ customer: customer.id, currency: 'usd' });
    const item = await stripe.invoiceItems.create({
      customer: customer.id,
      invoice: draft.id,
      amount: 500,
      currency: 'usd',
      description: 'Set-up',
    });
    await stripe.invoiceItems.create({
      customer: customer.id,
      invoice: draft.id,
      amount: 250,
      currency: 'usd',
    });
    await stripe.invoiceItems.update(item.id, { amount: 700 });
    expect((await stripe.invoices.retrieve(draft.id)).total).toBe(950);
    const open = await stripe.invoices.finalizeInvoice(draft.id);
    expect(open).toMatchObject({ status: 'open', amount_due: 950 });
    expect(open.number).toMatch(/-0001$/);
    expect(open.hosted_invoice_url).toContain(open.id);
    await expect(stripe.invoiceItems.del(item.id)).rejects.toMatchObject({
      code: 'invoice_not_editable',
    });
    const paid = await stripe.invoices.pay(draft.id);
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 950, attempt_count: 1 });
    const payments = await stripe.invoicePayments.list({ invoice: draft.id });
    expect(payments.data).toMatchObject([{ status: 'paid', amount_paid: 950, is_default: true }]);
  });

  test('of many lines shows ten inside and all of them in pages', async () => {
    const { stripe } = shop;
    const customer = await shop.customer();
    for (let n = 1; n <= 13; n += 1) {
      await stripe.invoiceItems.create({ customer: customer.id, amount: n, currency: 'usd' });
    }
    const invoice = await stripe.invoices.create({
      customer: customer.id,
      currency: 'usd',
      pending_invoice_items_behavior: 'include',
    });
    expect(invoice).toMatchObject({ total: 91, lines: { has_more: true } });
    expect(invoice.lines.data).toHaveLength(10);
    const all = await stripe.invoices
      .listLineItems(invoice.id, { limit: 3 })
      .autoPagingToArray({ limit: 99 });
    expect(all.map(({ amount }) => amount)).toEqual(Array.from({ length: 13 }, (_, n) => n + 1));
  });

  test('voided gives used credit back', async () => {
    const { stripe } = shop;
    const customer = await shop.customer();
    await stripe.customers.createBalanceTransaction(customer.id, { amount: -300, currency: 'usd' });
    await stripe.invoiceItems.create({ customer: customer.id, amount: 1000, currency: 'usd' });
    const draft = await stripe.invoices.create({
      customer: customer.id,
      pending_invoice_items_behavior: 'include',
    });
    expect(await stripe.invoices.finalizeInvoice(draft.id)).toMatchObject({ amount_due: 700 });
    const balance = async () => (await stripe.customers.retrieve(customer.id)) as Stripe.Customer;
    expect((await balance()).balance).toBe(0);
    await stripe.invoices.voidInvoice(draft.id);
    expect((await balance()).balance).toBe(-300);
  });
});
