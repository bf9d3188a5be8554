import fc from 'fast-check';
import type Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

/** `CREDIT_NOTE_RUNS` makes it long. */
const numRuns = Number(process.env.CREDIT_NOTE_RUNS ?? 15);

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

const part = fc.integer({ min: 0, max: 100 });
const action = fc.oneof(
  // Of what can still be credited; beyond all of it is refused.
  fc.record({
    do: fc.constant('note' as const),
    share: fc.integer({ min: 0, max: 120 }),
    refund: part,
    credit: part,
  }),
  fc.record({ do: fc.constant('refund' as const), share: part }),
  fc.record({ do: fc.constant('void' as const) }),
  fc.record({ do: fc.constant('pay' as const) }),
);
const story = fc.record({
  total: fc.oneof(fc.integer({ min: 1, max: 1200 }), fc.integer({ min: 1200, max: 90_000 })),
  balance: fc.oneof(fc.constant(0), fc.integer({ min: -2000, max: 2000 })),
  paysAtOnce: fc.boolean(),
  actions: fc.array(action, { maxLength: 6 }),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const shareOf = (whole: number, percent: number) => Math.floor((whole * percent) / 100);

async function chargeOf({ payment }: Stripe.InvoicePayment): Promise<Stripe.Charge> {
  const id = payment.payment_intent as string;
  const intent = await world.stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
  return intent.latest_charge as Stripe.Charge;
}

/** Everything about one invoice, read anew. */
async function look(id: string) {
  const { stripe } = world;
  const invoice = await stripe.invoices.retrieve(id, { expand: ['payments'] });
  const customer = await stripe.customers.retrieve(invoice.customer as string);
  const { data: notes } = await stripe.creditNotes.list({
    invoice: id,
    limit: 100,
    expand: ['data.customer_balance_transaction'],
  });
  const paid = invoice.payments!.data.find(({ status }) => status === 'paid');
  const charge = paid === undefined ? null : await chargeOf(paid);
  const issued = notes.filter(({ status }) => status === 'issued');
  const refunds = charge === null ? [] : (await stripe.refunds.list({ charge: charge.id })).data;
  const noted = sum(issued.flatMap((note) => note.refunds.map((one) => one.amount_refunded)));
  const beside = sum(refunds.map(({ amount }) => amount)) - noted;
  const creditable = Math.max(0, invoice.total - sum(issued.map(({ total }) => total)) - beside);
  return { invoice, customer: customer as Stripe.Customer, issued, charge, creditable, beside };
}
type Seen = Awaited<ReturnType<typeof look>>;

function assertAddsUp({ invoice, customer, issued, charge, beside }: Seen, first: Stripe.Invoice) {
  const before = sum(issued.map((note) => note.pre_payment_amount));
  const after = sum(issued.map((note) => note.post_payment_amount));
  expect(invoice.pre_payment_credit_notes_amount).toBe(before);
  expect(invoice.post_payment_credit_notes_amount).toBe(after);
  expect(invoice.amount_due).toBe(first.amount_due - before);
  expect(invoice.amount_paid + invoice.amount_remaining).toBe(invoice.amount_due);
  expect(invoice.total).toBe(first.total);
  let credited = 0;
  for (const note of issued) {
    expect(note.amount).toBe(note.total);
    expect(note.pre_payment_amount + note.post_payment_amount).toBe(note.total);
    const entry = note.customer_balance_transaction as Stripe.CustomerBalanceTransaction | null;
    const refunded = sum(note.refunds.map((one) => one.amount_refunded));
    const outside = note.out_of_band_amount ?? 0;
    expect(refunded + outside - (entry?.amount ?? 0)).toBe(note.post_payment_amount);
    credited -= entry?.amount ?? 0;
  }
  expect(customer.balance).toBe(first.ending_balance! - credited);
  expect(before + after + beside).toBeLessThanOrEqual(invoice.total);
  if (charge === null) return;
  expect(charge.amount).toBeGreaterThanOrEqual(400);
  expect(charge.amount).toBe(invoice.amount_paid);
  expect(charge.amount_refunded).toBeLessThanOrEqual(charge.amount);
}

/** Does it; what Stripe refuses changes nothing. */
async function act({ invoice, issued, charge, creditable }: Seen, one: Action): Promise<void> {
  const { stripe } = world;
  const left = charge === null ? 0 : charge.amount - charge.amount_refunded;
  if (one.do === 'pay') {
    const isPayable = invoice.status === 'open' && invoice.amount_remaining >= 400;
    const paying = stripe.invoices.pay(invoice.id);
    if (isPayable) expect(await paying).toMatchObject({ status: 'paid' });
    else await expect(paying).rejects.toMatchObject({ statusCode: 400 });
  } else if (one.do === 'refund') {
    // Stripe leaves it to its users that refunds and notes together stay within the invoice.
    const amount = Math.min(creditable, shareOf(left, one.share));
    if (amount > 0) await stripe.refunds.create({ charge: charge!.id, amount });
  } else if (one.do === 'void') {
    const [note] = issued;
    if (note === undefined) return;
    const voiding = stripe.creditNotes.voidCreditNote(note.id);
    if (invoice.status === 'open') expect(await voiding).toMatchObject({ status: 'void' });
    else await expect(voiding).rejects.toMatchObject({ statusCode: 400 });
  } else {
    const amount = shareOf(creditable, one.share);
    const after = Math.max(0, amount - (invoice.status === 'open' ? invoice.amount_remaining : 0));
    const refund_amount = Math.min(left, shareOf(after, one.refund));
    const credit_amount = shareOf(after - refund_amount, one.credit);
    const out_of_band_amount = after - refund_amount - credit_amount;
    const ways = { refund_amount, credit_amount, out_of_band_amount };
    const params = { invoice: invoice.id, amount, ...ways };
    if (amount === 0 || amount > creditable) {
      await expect(stripe.creditNotes.create(params)).rejects.toMatchObject({ statusCode: 400 });
      return;
    }
    const preview = await stripe.creditNotes.preview(params);
    const made = await stripe.creditNotes.create(params);
    for (const name of ['total', 'pre_payment_amount', 'post_payment_amount', 'type'] as const) {
      expect(preview[name]).toBe(made[name]);
    }
  }
}

test('12 whatever is credited, given back, voided and paid of an invoice adds up', async () => {
  const { stripe } = world;
  await fc.assert(
    fc.asyncProperty(story, async ({ total, balance, paysAtOnce, actions }) => {
      const { id: customer } = await stripe.customers.create({
        balance,
        payment_method: 'pm_card_visa',
        invoice_settings: { default_payment_method: 'pm_card_visa' },
      });
      const { id } = await stripe.invoices.create({ customer, currency: 'cny' });
      const item = { customer, invoice: id, amount: total, currency: 'cny' };
      await stripe.invoiceItems.create(item);
      const first = await stripe.invoices.finalizeInvoice(id, { auto_advance: false });
      if (paysAtOnce && first.status === 'open') await stripe.invoices.pay(id);
      for (const one of actions) {
        const seen = await look(id);
        assertAddsUp(seen, first);
        await act(seen, one);
      }
      assertAddsUp(await look(id), first);
    }),
    { numRuns },
  );
}, 600_000);
