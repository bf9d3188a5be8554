import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckoutShop } from '../control/testing/checkout-shop.ts';
import type { CheckoutShop } from '../control/testing/checkout-shop.ts';

type Line = Stripe.CreditNoteCreateParams.Line;

let shop: CheckoutShop;
let stripe: Stripe;

beforeAll(async () => {
  shop = await openCheckoutShop();
  ({ stripe } = shop);
});
afterAll(() => shop.local.close());

/** An open invoice over three of 300. */
async function openInvoice(params: Partial<Stripe.InvoiceCreateParams> = {}) {
  const { id: customer } = await stripe.customers.create({
    address: { country: 'DE', postal_code: '10115' },
  });
  const { id } = await stripe.invoices.create({ customer, currency: 'cny', ...params });
  const price = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 300,
    tax_behavior: 'exclusive',
    product_data: { name: 'Seat' },
  });
  const item = { customer, invoice: id, pricing: { price: price.id }, quantity: 3 };
  await stripe.invoiceItems.create(item);
  return stripe.invoices.finalizeInvoice(id, { auto_advance: false });
}
const noteOn = (invoice: Stripe.Invoice, ...given: Partial<Line>[]) =>
  stripe.creditNotes.create({
    invoice: invoice.id,
    lines: given.map((line) => ({
      type: 'invoice_line_item',
      ...(line.type === 'custom_line_item' ? {} : { invoice_line_item: invoice.lines.data[0]!.id }),
      ...line,
    })) as Line[],
  });
const custom = { type: 'custom_line_item', description: 'Sorry', unit_amount: 100 } as const;

describe('12 a line is credited by quantity or by amount, and then always so', () => {
  test.each([
    ['quantity', { quantity: 1 }, { amount: 100 }],
    ['amount', { amount: 100 }, { quantity: 1 }],
  ] as const)('by %s', async (manner, first, other) => {
    const invoice = await openInvoice();
    await noteOn(invoice, first);
    const mixed = noteOn(invoice, other);
    await expect(mixed).rejects.toMatchObject({
      statusCode: 400,
      param: `lines[0][${Object.keys(other)[0]!}]`,
      message: expect.stringContaining(`only be credited by ${manner}`) as unknown,
    });
    expect((await noteOn(invoice, first)).status).toBe('issued');
  });

  test('also within one note, and not for what was voided', async () => {
    const invoice = await openInvoice();
    await expect(noteOn(invoice, { amount: 100 }, { quantity: 1 })).rejects.toMatchObject({
      param: 'lines[1][quantity]',
    });
    const note = await noteOn(invoice, { amount: 100 });
    await stripe.creditNotes.voidCreditNote(note.id);
    expect(await noteOn(invoice, { quantity: 1 })).toMatchObject({ total: 300 });
  });
});

describe('12 what a line of a credit note may say', () => {
  test.each([
    ['a description for a line of the invoice', { description: 'Sorry' }, 'description'],
    ['a unit amount for one', { unit_amount: 5 }, 'unit_amount'],
    ['the same in decimals', { unit_amount_decimal: '5.5' as never }, 'unit_amount_decimal'],
    ['tax rates for one', { tax_rates: ['txr_1'] }, 'tax_rates'],
    ['an amount for words of one’s own', { ...custom, amount: 5 }, 'amount'],
    ['two unit amounts', { ...custom, unit_amount_decimal: '5.5' as never }, 'unit_amount'],
  ])('not %s', async (_name, line, param) => {
    const invoice = await openInvoice();
    await expect(noteOn(invoice, line as Partial<Line>)).rejects.toMatchObject({
      statusCode: 400,
      param: `lines[0][${param}]`,
    });
  });

  test('with automatic tax its own lines alone are credited', async () => {
    const invoice = await openInvoice({ automatic_tax: { enabled: true } });
    await expect(noteOn(invoice, custom)).rejects.toMatchObject({ param: 'lines[0][type]' });
    const tax_amounts = [{ amount: 5, tax_rate: 'txr_1', taxable_amount: 300 }];
    await expect(noteOn(invoice, { quantity: 1, tax_amounts })).rejects.toMatchObject({
      param: 'lines[0][tax_amounts]',
    });
    expect((await noteOn(invoice, { quantity: 1 })).total).toBeGreaterThan(300);
  });
});
