import fc from 'fast-check';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** `SMALL_AMOUNT_RUNS` makes it long. */
const numRuns = Number(process.env.SMALL_AMOUNT_RUNS ?? 15);
const minima = { usd: 50, cny: 400, jpy: 50, hkd: 400 } as const;

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const bills = fc.record({
  currency: fc.constantFrom(...(Object.keys(minima) as (keyof typeof minima)[])),
  balance: fc.integer({ min: -600, max: 600 }),
  amounts: fc.array(fc.integer({ min: -300, max: 600 }), { minLength: 1, maxLength: 6 }),
});

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

test('12 what is too little to charge is charged with a later invoice, to the cent', async () => {
  const { stripe } = world;
  const billed = async (customer: string, currency: string, amount: number) => {
    const { id } = await stripe.invoices.create({ customer, currency });
    await stripe.invoiceItems.create({ customer, invoice: id, amount, currency });
    const draft = await stripe.invoices.retrieve(id);
    const preview = await stripe.invoices.createPreview({
      customer,
      currency,
      invoice_items: [{ amount, currency }],
    });
    const open = await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
    expect(draft.amount_due).toBe(open.amount_due);
    expect(preview.amount_due).toBe(open.amount_due);
    return open.status === 'open' ? stripe.invoices.pay(id) : open;
  };
  await fc.assert(
    fc.asyncProperty(bills, async ({ currency, balance, amounts }) => {
      const { id: customer } = await stripe.customers.create({
        balance,
        payment_method: 'pm_card_visa',
        invoice_settings: { default_payment_method: 'pm_card_visa' },
      });
      const invoices: Stripe.Invoice[] = [];
      for (const amount of amounts) invoices.push(await billed(customer, currency, amount));
      const charges = (await stripe.charges.list({ customer, limit: 100 })).data;
      for (const { amount } of charges) expect(amount).toBeGreaterThanOrEqual(minima[currency]);
      const paid = sum(invoices.map((one) => one.amount_paid));
      expect(sum(charges.map(({ amount }) => amount))).toBe(paid);
      const after = (await stripe.customers.retrieve(customer)) as Stripe.Customer;
      expect(balance + sum(amounts)).toBe(paid + after.balance);
      // Never more is left owing than what could not be charged.
      expect(after.balance).toBeLessThan(minima[currency]);
    }),
    { numRuns },
  );
}, 600_000);
