import type Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const rate = async (percentage: number, inclusive: boolean): Promise<string> => {
  const made = { display_name: 'VAT', percentage, inclusive };
  return (await world.stripe.taxRates.create(made)).id;
};

/** A paid invoice over three seats of 333, with these rates. */
async function paid(rates: string[], discount?: string): Promise<Stripe.Invoice> {
  const { stripe, customer } = world;
  const { id: price } = await stripe.prices.create({
    product: world.product.id,
    currency: 'cny',
    unit_amount: 333,
  });
  const { id } = await stripe.invoices.create({
    customer: customer.id,
    currency: 'cny',
    default_tax_rates: rates,
    ...(discount === undefined ? {} : { discounts: [{ coupon: discount }] }),
  });
  const item = { customer: customer.id, invoice: id, pricing: { price }, quantity: 3 };
  await stripe.invoiceItems.create(item);
  return stripe.invoices.pay(id);
}
async function credit(invoice: Stripe.Invoice, given: Partial<Stripe.CreditNoteCreateParams.Line>) {
  const line = invoice.lines.data[0]!.id;
  const lines = [{ type: 'invoice_line_item' as const, invoice_line_item: line, ...given }];
  const params = { invoice: invoice.id, lines };
  const preview = await world.stripe.creditNotes
    .preview({ ...params, out_of_band_amount: 0 })
    .catch((error: Stripe.StripeRawError) => error.message!);
  const total =
    typeof preview === 'string' ? Number(/\((\d+)\)\.$/.exec(preview)![1]) : preview.total;
  return world.stripe.creditNotes.create({ ...params, out_of_band_amount: total });
}
const sum = (numbers: number[]) => numbers.reduce((all, one) => all + one, 0);
const taxOf = (note: Stripe.CreditNote | Stripe.Invoice) =>
  sum((note.total_taxes ?? []).map(({ amount }) => amount));

describe('8 tax: credit notes', () => {
  test.each([
    ['on top', [[19, false]]],
    ['within', [[19, true]]],
    [
      'two on top',
      [
        [5, false],
        [9.975, false],
      ],
    ],
    [
      'both ways',
      [
        [20, true],
        [3, false],
      ],
    ],
  ] as [string, [number, boolean][]][])(
    'seat by seat give back exactly its tax: %s',
    async (_name, given) => {
      const rates = await Promise.all(
        given.map(([percentage, inclusive]) => rate(percentage, inclusive)),
      );
      const invoice = await paid(rates);
      const notes = [];
      for (let seat = 0; seat < 3; seat += 1) notes.push(await credit(invoice, { quantity: 1 }));
      expect(sum(notes.map(taxOf))).toBe(taxOf(invoice));
      expect(sum(notes.map(({ total }) => total))).toBe(invoice.total);
      expect(sum(notes.map((note) => note.total_excluding_tax!))).toBe(invoice.total_excluding_tax);
      const after = await world.stripe.invoices.retrieve(invoice.id);
      expect(after.post_payment_credit_notes_amount).toBe(invoice.total);
    },
  );

  test('with the discount that the line had, in the shapes of the SDK', async () => {
    const vat = await rate(19, false);
    const { id: coupon } = await world.stripe.coupons.create({ percent_off: 50 });
    const invoice = await paid([vat], coupon);
    // 999 less 500 are 499; 94.81 of tax.
    expect(invoice).toMatchObject({ total: 594, total_taxes: [{ amount: 95 }] });
    const note = await credit(invoice, {});
    expect(note).toMatchObject({
      subtotal: 999,
      discount_amount: 500,
      total_excluding_tax: 499,
      total: 594,
      amount: 594,
    });
    const tax = {
      amount: 95,
      tax_behavior: 'exclusive',
      tax_rate_details: { tax_rate: vat },
      taxability_reason: 'not_available',
      taxable_amount: 499,
      type: 'tax_rate_details',
    };
    expect(note.total_taxes).toEqual([tax]);
    expect(note.lines.data[0]!.taxes).toEqual([tax]);
  });

  test('a part that was voided can be credited anew, to the last cent', async () => {
    const { stripe, customer } = world;
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      currency: 'cny',
      default_tax_rates: [await rate(19, false)],
      auto_advance: false,
    });
    await stripe.invoiceItems.create({
      customer: customer.id,
      invoice: id,
      amount: 1003,
      currency: 'cny',
    });
    const invoice = await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
    const line = invoice.lines.data[0]!.id;
    const part = (amount: number) =>
      stripe.creditNotes.create({
        invoice: id,
        lines: [{ type: 'invoice_line_item', invoice_line_item: line, amount }],
      });
    const first = await part(333);
    const second = await part(333);
    await stripe.creditNotes.voidCreditNote(first.id);
    const third = await part(670);
    expect(taxOf(second) + taxOf(third)).toBe(taxOf(invoice));
    expect(await stripe.invoices.retrieve(id)).toMatchObject({
      status: 'paid',
      amount_remaining: 0,
    });
  });

  test('two parts of one line in one note are two parts', async () => {
    const invoice = await paid([await rate(19, false)]);
    const line = {
      type: 'invoice_line_item',
      invoice_line_item: invoice.lines.data[0]!.id,
    } as const;
    const twice = (amount: number) =>
      world.stripe.creditNotes.create({
        invoice: invoice.id,
        lines: [
          { ...line, amount },
          { ...line, amount },
        ],
        out_of_band_amount: 1188,
      });
    await expect(twice(500)).rejects.toMatchObject({ statusCode: 400 });
    const note = await twice(499);
    expect(note.total).toBe(1188);
    expect(note.lines.data.map((one) => one.taxes![0]!.amount)).toEqual([95, 95]);
  });

  test('lines with words of their own carry the tax that they are given', async () => {
    const vat = await rate(19, false);
    const invoice = await paid([vat]);
    const create = (
      given: Partial<Stripe.CreditNoteCreateParams.Line>,
      out_of_band_amount: number,
    ) =>
      world.stripe.creditNotes.create({
        invoice: invoice.id,
        lines: [{ type: 'custom_line_item', description: 'Sorry', unit_amount: 100, ...given }],
        out_of_band_amount,
      });
    expect(await create({ tax_rates: [vat] }, 119)).toMatchObject({
      subtotal: 100,
      total: 119,
      lines: { data: [{ tax_rates: [{ id: vat }], taxes: [{ amount: 19 }] }] },
    });
    const tax_amounts = [{ amount: 7, taxable_amount: 100, tax_rate: vat }];
    expect(await create({ tax_amounts }, 107)).toMatchObject({ total: 107 });
    await expect(create({ tax_amounts, tax_rates: [vat] }, 126)).rejects.toMatchObject({
      statusCode: 400,
      param: 'lines[0][tax_amounts]',
    });
  });
});
