import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BillingError } from '../../src/domain/errors.ts';
import { disputeOutcome } from '../../src/domain/billing/dispute.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, settled, signUp, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { alertsOf } from '../support/money-back.ts';

/** `MONEY_BACK_RUNS` makes it long. */
const numRuns = Number(process.env.MONEY_BACK_RUNS ?? 8);

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

const share = fc.integer({ min: 0, max: 115 });
const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pay' as const),
      card: fc.constantFrom('pm_card_visa', 'pm_card_refundFail', 'pm_card_pendingRefund'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('note' as const), share, refund: share, credit: share }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('refund' as const), share, twice: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('dispute' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('decide' as const), won: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('void' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('void a note' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

const story = fc.record({
  price: fc.integer({ min: 500, max: 9_000 }),
  taxed: fc.boolean(),
  balance: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 })),
  acts: fc.array(act, { minLength: 3, maxLength: 8 }),
});

interface Invoice {
  id: string;
  number: string;
  status: string;
  total: number;
  amount_due: number;
  amount_paid: number;
  amount_remaining: number;
  starting_balance: number;
  ending_balance: number;
}
interface Charge {
  id: string;
  paid: boolean;
  amount: number;
  amount_refunded: number;
}
interface Note {
  id: string;
  status: string;
  total: number;
  post_payment_amount: number;
  refunds: { amount_refunded: number }[];
}
interface List<T> {
  data: T[];
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const partOf = (whole: number, percent: number) => Math.floor((whole * percent) / 100);
const refundedBy = ({ refunds }: Note) => sum(refunds.map((one) => one.amount_refunded));

/** What Stripe refuses changes nothing. */
async function tryAtStripe(path: string, form: Record<string, string | number> = {}) {
  const body = new URLSearchParams();
  for (const [key, value] of Object.entries(form)) body.set(key, String(value));
  const headers = { Authorization: 'Bearer sk_test_squaretable' };
  await fetch(`${app.stripeUrl}/v1/${path}`, { method: 'POST', headers, body });
}

interface Begun {
  customer: Customer;
  customerId: string;
  invoice: string;
  /** Of the plan. */
  before: ReadonlySet<string>;
}

/** A bill by hand, beside a plan; what Stripe holds for the customer pays as much of it as it can. */
async function begin({
  price,
  taxed,
  balance,
}: {
  price: number;
  taxed: boolean;
  balance: number;
}): Promise<Begun> {
  const customer = await signUp(app);
  await customer.subscribe('pro', 'month');
  const customerId = await customer.customerId();
  const at = <T>(path: string, form?: Record<string, string>) => customer.atStripe<T>(path, form);
  const { data } = await at<List<Charge>>(`charges?customer=${customerId}`);
  if (balance > 0) {
    const given = { amount: String(-balance), currency: 'cny' };
    await at(`customers/${customerId}/balance_transactions`, given);
  }
  const { id: invoice } = await at<Invoice>('invoices', { customer: customerId, currency: 'cny' });
  const rate = { display_name: 'VAT', percentage: '19', inclusive: 'false' };
  const item = { customer: customerId, invoice, amount: String(price), currency: 'cny' };
  await at('invoiceitems', {
    ...item,
    ...(taxed && { 'tax_rates[0]': (await at<{ id: string }>('tax_rates', rate)).id }),
  });
  await at(`invoices/${invoice}/finalize`, { auto_advance: 'false' });
  return { customer, customerId, invoice, before: new Set(data.map(({ id }) => id)) };
}

/** All that Stripe knows of the bill. */
async function look({ customer, customerId, invoice: id, before }: Begun) {
  const invoice = await customer.atStripe<Invoice>(`invoices/${id}`);
  const charges = await customer.atStripe<List<Charge>>(`charges?customer=${customerId}`);
  const charge = charges.data.find((one) => one.paid && !before.has(one.id));
  const { data } = await customer.atStripe<List<Note>>(`credit_notes?invoice=${id}&limit=100`);
  const disputes = charge
    ? (
        await customer.atStripe<List<{ id: string; status: string; amount: number }>>(
          `disputes?charge=${charge.id}`,
        )
      ).data
    : [];
  const notes = data.filter(({ status }) => status === 'issued');
  const cash = charge?.amount_refunded ?? 0;
  const otherwise = sum(notes.map((one) => one.total - refundedBy(one)));
  const dispute = disputes[0] ?? null;
  const outcome = dispute && disputeOutcome(dispute.status);
  const isQuestioned = outcome === 'open' || outcome === 'lost';
  const chargeLeft = charge && !isQuestioned ? charge.amount - cash : 0;
  const taken = Math.max(0, invoice.ending_balance - invoice.starting_balance);
  return {
    ...{ invoice, charge, notes, dispute, outcome, chargeLeft },
    creditable: Math.max(0, invoice.total - cash - otherwise),
    fromBalance: invoice.status === 'void' ? 0 : taken,
    /** What of a paid one went back in any way. */
    back: cash + sum(notes.map((one) => one.post_payment_amount - refundedBy(one))),
  };
}
type Seen = Awaited<ReturnType<typeof look>>;

let refs = 0;
/** By an operator; answers what went back. */
async function giveBack({ customer, invoice }: Begun, amountMinor: number): Promise<number> {
  const { remedies } = app.server.context.services;
  refs += 1;
  const actor = { kind: 'system', task: 'test' } as const;
  const order = { tenantId: customer.tenantId, invoice, amountMinor, actor };
  const ask = { ...order, ref: `R-${refs}`, reason: 'test' };
  // While another one's is carried out the answer waits, and the same ref asks for it again.
  return vi.waitFor(
    async () => {
      try {
        return (await remedies.refundSum(ask)).amountMinor;
      } catch (error) {
        if (error instanceof BillingError && error.code === 'nothing_to_refund') return 0;
        throw error;
      }
    },
    { timeout: 60_000, interval: 100 },
  );
}

async function perform(begun: Begun, seen: Seen, one: Act): Promise<void> {
  const { invoice, charge, notes, dispute, chargeLeft, creditable } = seen;
  switch (one.do) {
    case 'pay': {
      const { id } = await begun.customer.atStripe<{ id: string }>(
        `payment_methods/${one.card}/attach`,
        { customer: begun.customerId },
      );
      return tryAtStripe(`invoices/${invoice.id}/pay`, { payment_method: id });
    }
    case 'note': {
      const amount = partOf(creditable, one.share);
      const after = Math.max(
        0,
        amount - (invoice.status === 'paid' ? 0 : invoice.amount_remaining),
      );
      const refund_amount = Math.min(chargeLeft, after, partOf(after, one.refund));
      const credit_amount = Math.min(after - refund_amount, partOf(after, one.credit));
      const out_of_band_amount = after - refund_amount - credit_amount;
      const ways = { refund_amount, credit_amount, out_of_band_amount };
      return tryAtStripe('credit_notes', { invoice: invoice.id, amount, ...ways });
    }
    case 'refund': {
      const left = Math.min(chargeLeft, creditable);
      const amount = partOf(left, one.share);
      const asked = [amount, ...(one.twice ? [amount] : [])];
      const given = await Promise.all(asked.map((each) => giveBack(begun, each)));
      // Of two at once both are given where both have room, and else one.
      const fits =
        amount > 0 && amount <= left ? Math.min(asked.length, Math.floor(left / amount)) : 0;
      expect(sum(given)).toBe(fits * amount);
      return;
    }
    case 'dispute': {
      if (charge && charge.amount_refunded < charge.amount) {
        await caller(app.stripeUrl).post('/_control/disputes', { charge: charge.id });
      }
      return;
    }
    case 'decide': {
      if (!dispute) return;
      const proof = { 'evidence[uncategorized_text]': 'winning_evidence', submit: 'true' };
      const path = `disputes/${dispute.id}`;
      return one.won ? tryAtStripe(path, proof) : tryAtStripe(`${path}/close`);
    }
    case 'void':
      return tryAtStripe(`invoices/${invoice.id}/void`);
    case 'void a note':
      return notes[0] && tryAtStripe(`credit_notes/${notes[0].id}/void`);
    case 'wait':
      return advanceDays(app, 1 / 12);
  }
}

/** Nobody has more than was paid, and the page says what Stripe has. */
async function judge(begun: Begun, seen: Seen): Promise<void> {
  const { invoice, charge, fromBalance, back, outcome, dispute } = seen;
  const paid = invoice.status === 'paid' ? invoice.amount_paid + fromBalance : 0;
  expect(back).toBeLessThanOrEqual(paid);
  expect(charge?.amount_refunded ?? 0).toBeLessThanOrEqual(charge?.amount ?? 0);
  await vi.waitFor(
    async () => {
      const page = await begun.customer.payments();
      expect(page.find(({ number }) => number === invoice.number)).toMatchObject({
        status: invoice.status,
        amountDueMinor: invoice.amount_due,
        amountPaidMinor: invoice.amount_paid,
        fromBalanceMinor: fromBalance,
        amountRefundedMinor: back,
        dispute: outcome && { outcome },
      });
      // But for what the bank takes after it: that is told.
      const isTooMuch = outcome === 'lost' && back + dispute!.amount > paid;
      const told = (await alertsOf(begun.customer)).includes('returned_too_much');
      expect(told).toBe(isTooMuch);
    },
    { timeout: 60_000, interval: 50 },
  );
}

test('14 however a bill is paid, credited, refunded, disputed and voided, no more goes back than was paid', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ acts, ...bill }) => {
      const begun = await begin(bill);
      await settled(app);
      for (const one of acts) {
        await perform(begun, await look(begun), one);
        await settled(app);
        await judge(begun, await look(begun));
      }
    }),
    { numRuns },
  );
}, 600_000);
