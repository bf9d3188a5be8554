import fc from 'fast-check';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** With `TAX_RUNS=300` many more bills are made up. */
const numRuns = Number(process.env.TAX_RUNS ?? 12);

let world: World;
const known = new Map<string, string>();

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

type Rate = readonly [percentage: number, inclusive: boolean];

async function rates(wanted: readonly Rate[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [percentage, inclusive] of wanted) {
    const key = `${percentage} ${inclusive}`;
    const found =
      known.get(key) ??
      (await world.stripe.taxRates.create({ display_name: 'VAT', percentage, inclusive })).id;
    known.set(key, found);
    ids.push(found);
  }
  return ids;
}

const rate = fc.tuple(
  fc.integer({ min: 0, max: 350_000 }).map((n) => n / 10_000),
  fc.boolean(),
);
/** Now and then the first of them applies twice. */
const someRates = fc
  .tuple(fc.array(rate, { maxLength: 3 }), fc.boolean())
  .map(([drawn, isTwice]) => (isTwice ? [...drawn, ...drawn.slice(0, 1)] : drawn));
const bill = fc.record({
  currency: fc.constantFrom('cny', 'eur', 'jpy', 'kwd'),
  lines: fc.array(
    fc.record({
      amount: fc.oneof(
        fc.integer({ min: 2000, max: 9_999_999 }),
        fc.integer({ min: -2000, max: -1 }),
      ),
      own: someRates,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  defaults: someRates,
  discount: fc.option(
    fc.oneof(
      fc.integer({ min: 1, max: 100 }).map((percent_off) => ({ percent_off })),
      fc.integer({ min: 1, max: 900_000 }).map((amount_off) => ({ amount_off })),
    ),
  ),
  /** Where each line is cut in two when it is credited, in percent. */
  cut: fc.integer({ min: 1, max: 99 }),
});
type Bill = typeof bill extends fc.Arbitrary<infer T> ? T : never;

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const taxes = (of: { total_taxes: Stripe.Invoice.TotalTax[] | null }, behavior?: string) =>
  sum(
    (of.total_taxes ?? [])
      .filter((tax) => behavior === undefined || tax.tax_behavior === behavior)
      .map(({ amount }) => amount),
  );

function assertAddsUp(invoice: Stripe.Invoice): void {
  const lines = invoice.lines.data;
  const off = sum((invoice.total_discount_amounts ?? []).map(({ amount }) => amount));
  expect(invoice.subtotal).toBe(sum(lines.map(({ amount }) => amount)));
  expect(invoice.total).toBe(invoice.subtotal - off + taxes(invoice, 'exclusive'));
  expect(invoice.total_excluding_tax).toBe(invoice.total - taxes(invoice));
  const onLines = lines.flatMap((line) => line.taxes!.map(({ amount }) => amount));
  expect(taxes(invoice)).toBe(sum(onLines));
  if (off === 0) {
    expect(invoice.subtotal_excluding_tax).toBe(invoice.subtotal - taxes(invoice, 'inclusive'));
  }
  for (const line of lines) {
    // A credit gives tax back, a charge takes it.
    for (const { amount } of line.taxes!) expect(amount * line.amount).toBeGreaterThanOrEqual(0);
  }
}

async function discountsOf({ discount, currency }: Bill) {
  if (discount === null) return {};
  const params = 'amount_off' in discount ? { ...discount, currency } : discount;
  const { id: coupon } = await world.stripe.coupons.create(params);
  return { discounts: [{ coupon }] };
}

async function invoiceOf(of: Bill, customer: string): Promise<Stripe.Invoice> {
  const { id } = await world.stripe.invoices.create({
    customer,
    currency: of.currency,
    auto_advance: false,
    default_tax_rates: await rates(of.defaults),
    ...(await discountsOf(of)),
  });
  for (const { amount, own } of of.lines) {
    const tax_rates = await rates(own);
    const item = { customer, invoice: id, amount, currency: of.currency, tax_rates };
    await world.stripe.invoiceItems.create(item);
  }
  return world.stripe.invoices.retrieve(id);
}

/** Every line in two parts, the second being what is left. */
async function creditAll(invoice: Stripe.Invoice, cut: number): Promise<Stripe.CreditNote[]> {
  const notes: Stripe.CreditNote[] = [];
  const part = (line: Stripe.InvoiceLineItem) => Math.floor((line.amount * cut) / 100);
  for (const amountOf of [part, (line: Stripe.InvoiceLineItem) => line.amount - part(line)]) {
    const lines = invoice.lines.data.map((line) => ({
      type: 'invoice_line_item' as const,
      invoice_line_item: line.id,
      amount: amountOf(line),
    }));
    notes.push(await world.stripe.creditNotes.create({ invoice: invoice.id, lines }));
  }
  return notes;
}

test('8 tax: whatever is on an invoice adds up, and credit notes give back exactly its tax', async () => {
  await fc.assert(
    fc.asyncProperty(bill, async (of) => {
      const { id: customer } = await world.stripe.customers.create({});
      const draft = await invoiceOf(of, customer);
      assertAddsUp(draft);
      const final = await world.stripe.invoices.finalizeInvoice(draft.id, { auto_advance: false });
      expect(final.total).toBe(draft.total);
      const isCharged = final.lines.data.every(({ amount }) => amount > 0);
      if (final.status !== 'open' || !isCharged) return;
      const notes = await creditAll(final, of.cut).catch((error: Stripe.StripeRawError) => {
        // A part that a discount takes wholly is nothing to credit.
        expect(error.message).toMatch(/must be positive/);
        return null;
      });
      if (notes === null) return;
      expect(sum(notes.map((note) => taxes(note as never)))).toBe(taxes(final));
      expect(sum(notes.map(({ total }) => total))).toBe(final.total);
      expect((await world.stripe.invoices.retrieve(final.id)).status).toBe('paid');
    }),
    { numRuns },
  );
}, 600_000);

test('8 tax: a preview is the invoice', async () => {
  const { stripe, product } = world;
  await fc.assert(
    fc.asyncProperty(bill, async (of) => {
      const { id: customer } = await stripe.customers.create({
        payment_method: 'pm_card_visa',
        invoice_settings: { default_payment_method: 'pm_card_visa' },
      });
      const items = [];
      for (const { amount, own } of of.lines) {
        const unit_amount = Math.abs(amount) + 1000;
        const recurring = { interval: 'month' } as const;
        const price = { product: product.id, currency: of.currency, unit_amount, recurring };
        const { id } = await stripe.prices.create(price);
        items.push({ price: id, tax_rates: await rates(own) });
      }
      const default_tax_rates = await rates(of.defaults);
      const discounts = await discountsOf(of);
      const before = await stripe.invoices.createPreview({
        customer,
        ...discounts,
        subscription_details: { items, default_tax_rates },
      });
      const { latest_invoice } = await stripe.subscriptions.create({
        customer,
        ...discounts,
        items,
        default_tax_rates,
        expand: ['latest_invoice'],
      });
      const invoice = latest_invoice as Stripe.Invoice;
      assertAddsUp(invoice);
      for (const name of ['subtotal', 'total', 'total_excluding_tax', 'amount_due'] as const) {
        expect(before[name]).toBe(invoice[name]);
      }
      expect(before.total_taxes).toEqual(invoice.total_taxes);
    }),
    { numRuns },
  );
}, 600_000);
