import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { OverageLimits } from '../../src/domain/billing/overage.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, type Customer } from '../support/customer.ts';
import { caller } from '../support/http.ts';
import { overageOf } from '../support/overage.ts';
import {
  billed,
  done,
  draw,
  invoicesOf,
  paymentOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '0' });
});
afterAll(async () => app?.stop());
const control = (path: string, body: object) =>
  caller(app.stripeUrl).post(`/_control/${path}`, body);
afterEach(async () => {
  await control('chaos', { drop: 0 });
});

/** A statement of ¥7.20 whose invoice was made, and what can become of that. */
interface Billed {
  customer: Customer;
  id: string;
  invoice: string;
}

async function open(balance = 0): Promise<Billed> {
  const customer = await subscriber(app);
  if (balance > 0) {
    const path = `customers/${await customer.customerId()}/balance_transactions`;
    await customer.atStripe(path, { amount: String(-balance), currency: 'cny' });
  }
  await draw(customer, 30);
  const { id } = await billed(customer);
  const [invoice] = await invoicesOf(customer);
  return { customer, id, invoice: invoice!.id };
}

async function paid(balance = 0): Promise<Billed> {
  const one = await open(balance);
  await advanceDays(app, 1 / 24);
  await done(one.customer);
  expect(await standing(one)).toEqual(PAID);
  return one;
}

/** What overage may be unpaid, what is, and what the account knows of the statement. */
async function standing({ customer, id }: Billed) {
  const { body } = await customer.api.get<OverageLimits>('/api/billing/limits');
  const { exposureMinor, unpaidMinor } = body.overage;
  const { bills } = await overageOf(app.database.pool, customer.tenantId);
  return [(await statement(customer, id)).state, bills.get(id)![1], exposureMinor, unpaidMinor];
}

const PAID = ['paid', 'paid', 20_000, 0];

async function becomes(one: Billed, wanted: unknown[]): Promise<void> {
  await done(one.customer);
  await vi.waitFor(async () => expect(await standing(one)).toEqual(wanted), {
    timeout: 60_000,
    interval: 100,
  });
}

const refund = async ({ customer, invoice }: Billed, amount: number) => {
  const { payment_intent: intent } = await paymentOf(customer, invoice);
  await customer.atStripe('refunds', { payment_intent: intent, amount: String(amount) });
};

/** A credit note of a paid invoice, which says how what was paid goes back. */
const credit = ({ customer, invoice }: Billed, amount: number, way: object) =>
  customer.atStripe('credit_notes', { invoice, amount: String(amount), ...way });

async function dispute({ customer, invoice }: Billed): Promise<string> {
  const { payment_intent: intent } = await paymentOf(customer, invoice);
  type Intent = { latest_charge: string };
  const { latest_charge: charge } = await customer.atStripe<Intent>(`payment_intents/${intent}`);
  await control('disputes', { charge, reason: 'fraudulent' });
  const { data } = await customer.atStripe<{ data: { id: string }[] }>(`disputes?charge=${charge}`);
  return data[0]!.id;
}

const lose = (id: string) =>
  fetch(`${app.stripeUrl}/v1/disputes/${id}/close`, {
    method: 'POST',
    headers: { Authorization: 'Bearer sk_test_squaretable' },
  });

const win = ({ customer }: Billed, id: string) =>
  customer.atStripe(`disputes/${id}`, {
    'evidence[uncategorized_text]': 'winning_evidence',
    submit: 'true',
  });

test.each<[string, (one: Billed) => Promise<unknown>, unknown[]]>([
  ['refunded in part', (one) => refund(one, 200), PAID],
  ['refunded wholly', (one) => refund(one, 720), ['paid', 'returned', 5_000, 0]],
  ['credited to the balance in part', (one) => credit(one, 200, { credit_amount: '200' }), PAID],
  [
    'credited to the balance wholly',
    (one) => credit(one, 720, { credit_amount: '720' }),
    ['paid', 'returned', 5_000, 0],
  ],
  [
    'given back beside Stripe',
    (one) => credit(one, 720, { out_of_band_amount: '720' }),
    ['paid', 'returned', 5_000, 0],
  ],
  [
    'given back in every way, a part each',
    async (one) => {
      await refund(one, 100);
      await credit(one, 620, {
        ...{ refund_amount: '200', credit_amount: '400', out_of_band_amount: '20' },
      });
    },
    ['paid', 'returned', 5_000, 0],
  ],
  ['disputed', dispute, ['paid', 'returned', 5_000, 0]],
  ['won', async (one) => win(one, await dispute(one)), PAID],
  ['lost', async (one) => lose(await dispute(one)), ['paid', 'lost', 5_000, 720]],
])('12.26 what may be unpaid after a statement was paid and is %s', async (_what, act, wanted) => {
  const one = await paid();
  await act(one);
  await becomes(one, wanted);
});

test.each<[string, (one: Billed) => Promise<unknown>, unknown[]]>([
  [
    'paid beside Stripe',
    ({ customer, invoice }) =>
      customer.atStripe(`invoices/${invoice}/pay`, { paid_out_of_band: 'true' }),
    PAID,
  ],
  [
    'voided',
    ({ customer, invoice }) => customer.atStripe(`invoices/${invoice}/void`, {}),
    ['void', 'void', 5_000, 0],
  ],
  [
    'credited wholly',
    ({ customer, invoice }) => customer.atStripe('credit_notes', { invoice, amount: '720' }),
    ['void', 'void', 5_000, 0],
  ],
  [
    'credited in part, then paid',
    async ({ customer, invoice }) => {
      await customer.atStripe('credit_notes', { invoice, amount: '200' });
      await customer.atStripe(`invoices/${invoice}/pay`, { payment_method: 'pm_card_visa' });
    },
    PAID,
  ],
  [
    'written off',
    ({ customer, id }) =>
      service(customer).operate({ statementId: id, act: 'write-off', reason: 'a', by: 'test' }),
    ['written_off', 'void', 5_000, 0],
  ],
  [
    'marked uncollectible',
    async ({ customer, invoice }) => {
      await customer.useCard(FAILING_CARD);
      await customer.atStripe(`invoices/${invoice}/mark_uncollectible`, {});
    },
    ['uncollectible', 'failed', 5_000, 720],
  ],
  [
    'marked uncollectible, then paid',
    async ({ customer, invoice }) => {
      await customer.atStripe(`invoices/${invoice}/mark_uncollectible`, {});
      await customer.atStripe(`invoices/${invoice}/pay`, { payment_method: 'pm_card_visa' });
    },
    PAID,
  ],
])('12.26 what may be unpaid after a statement was %s', async (_what, act, wanted) => {
  const one = await open();
  await act(one);
  await becomes(one, wanted);
});

test('12.26 a dispute whose events are lost is heard of by the next look at the customer', async () => {
  const one = await paid();
  await control('chaos', { drop: 1 });
  await lose(await dispute(one));
  await app.server.context.services.reconcile.sweep();
  await becomes(one, ['paid', 'lost', 5_000, 720]);
  expect(await service(one.customer).verify()).toEqual([]);
});

test('12.26 a credit note whose events are lost is heard of by the next look at the customer', async () => {
  const one = await paid();
  await control('chaos', { drop: 1 });
  await credit(one, 720, { credit_amount: '700', out_of_band_amount: '20' });
  await app.server.context.services.reconcile.sweep();
  await becomes(one, ['paid', 'returned', 5_000, 0]);
  expect(await statement(one.customer, one.id)).toMatchObject({ refundedMinor: 720 });
  expect(await service(one.customer).verify()).toEqual([]);
});

test('12.26 what the balance paid and a credit note puts back on it was never money that is kept', async () => {
  const one = await paid();
  await credit(one, 720, { credit_amount: '720' });
  await becomes(one, ['paid', 'returned', 5_000, 0]);
  await draw(one.customer, 30);
  const { id } = await billed(one.customer);
  await advanceDays(app, 1 / 24);
  const invoices = await invoicesOf(one.customer);
  const next = {
    customer: one.customer,
    id,
    invoice: invoices.find((i) => i.id !== one.invoice)!.id,
  };
  await becomes(next, PAID);
  await credit(next, 720, { credit_amount: '720' });
  await becomes(next, ['void', 'returned', 5_000, 0]);
});

test('12.26 what a bank took back is unpaid until staff writes it off', async () => {
  const one = await paid();
  const { customer, id } = one;
  const wish = { statementId: id, act: 'write-off', reason: 'agreed', by: 'test' } as const;
  await expect(service(customer).operate(wish)).rejects.toMatchObject({ code: 'state_changed' });
  await lose(await dispute(one));
  await becomes(one, ['paid', 'lost', 5_000, 720]);
  await service(customer).operate(wish);
  await becomes(one, ['paid', 'returned', 5_000, 0]);
  await draw(customer, 30);
  expect(await billed(customer)).toMatchObject({ totalMinor: 720 });
});

test.each([
  ['a part', 300],
  ['all', 5_000],
])(
  '12.26 of what the balance has paid %s of, what goes back on it is shown',
  async (_what, balance) => {
    const one = await paid(balance);
    const shown = async () => {
      const { refundedMinor } = await statement(one.customer, one.id);
      const payments = await one.customer.payments();
      const { fromBalanceMinor, amountRefundedMinor } = payments.find(
        (p) => p.about === 'statement',
      )!;
      return [refundedMinor, amountRefundedMinor, fromBalanceMinor];
    };
    const fromBalance = Math.min(720, balance);
    await credit(one, 500, { credit_amount: '500' });
    await becomes(one, PAID);
    await vi.waitFor(async () => expect(await shown()).toEqual([500, 500, fromBalance]), 60_000);
    await credit(one, 220, { credit_amount: '220' });
    // Where no money was paid it is as if it were voided.
    await becomes(one, [balance < 720 ? 'paid' : 'void', 'returned', 5_000, 0]);
    expect(await shown()).toEqual([720, 720, fromBalance]);
    expect(await service(one.customer).verify()).toEqual([]);
  },
);
