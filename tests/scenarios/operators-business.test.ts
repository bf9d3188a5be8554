import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  BusinessList,
  BusinessRow,
  BusinessRows,
  BusinessScreen,
  MonthFigures,
} from '../../src/domain/accounts/operator-business.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, FAILING_CARD, settled, signUp, type Customer } from '../support/customer.ts';
import { signInAsOperator, type SignedInOperator } from '../support/operator.ts';

interface InvoiceAtStripe {
  status: string;
  amount_paid: number;
  status_transitions: { paid_at: number | null };
}
interface SubscriptionAtStripe {
  status: string;
  items: {
    data: { price: { unit_amount: number; recurring: { interval: string } }; quantity: number }[];
  };
}

let app: TestApp;
let operator: SignedInOperator;
let someone: Customer;
let business: BusinessScreen;

/** Months with every movement in them: a yearly plan, growth, debt, leaving, coming back. */
beforeAll(async () => {
  app = await startTestApp();
  someone = await signUp(app, 'Operators');
  const { accessToken, user } = someone.session;
  operator = await signInAsOperator(
    { url: app.url, context: { database: app.database, clock: { now: () => new Date() } } },
    { email: user.email, password: 'correct horse battery', accessToken },
  );
  const grower = await signUp(app, 'Grower');
  const yearly = await signUp(app, 'Yearly');
  const guest = await signUp(app, 'Guest');
  const debtor = await signUp(app, 'Debtor');
  await grower.subscribe('pro', 'month');
  await yearly.subscribe('pro', 'year');
  await guest.subscribe('pro', 'month');
  await debtor.subscribe('pro', 'month');
  await guest.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  await advanceDays(app, 40);
  await grower.change('team', 'month');
  await debtor.useCard(FAILING_CARD);
  await advanceDays(app, 23);
  await debtor.useCard('pm_card_visa');
  await advanceDays(app, 13);
  await yearly.api.post('/api/subscription/cancel', { immediately: true });
  await settled(app);
  await advanceDays(app, 35);
  await yearly.subscribe('pro', 'month', '5555555555554444');
  await debtor.useCard(FAILING_CARD);
  await advanceDays(app, 45);
  await grower.change('pro', 'month');
  await advanceDays(app, 40);
  business = await get<BusinessScreen>('/business');
}, 240_000);
afterAll(() => app?.stop());

const get = async <T>(path: string) => {
  const answer = await operator.send<T>('GET', `/api/admin${path}`);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
};
const figures = () => business.currencies[0]!;
const total = (pick: (month: MonthFigures) => number) =>
  figures().months.reduce((sum, month) => sum + pick(month), 0);

async function rowsOf(list: BusinessList, month?: string): Promise<BusinessRow[]> {
  const rows: BusinessRow[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ limit: '2', ...(month ? { month } : {}) });
    if (cursor) query.set('cursor', cursor);
    const page: BusinessRows = await get(`/business/${list}?${query.toString()}`);
    rows.push(...page.rows);
    cursor = page.nextCursor;
  }
  return rows;
}
const sumOf = (rows: BusinessRow[]) => rows.reduce((sum, { amount }) => sum + (amount ?? 0), 0);

async function atStripe<T>(path: string): Promise<T[]> {
  const { data } = await someone.atStripe<{ data: T[] }>(`${path}limit=100`);
  return data;
}

describe('14 the business numbers are what the simulated months at Stripe were', () => {
  test('monthly recurring revenue is that of what is charged for at Stripe', async () => {
    const charged = (await atStripe<SubscriptionAtStripe>('subscriptions?')).filter(({ status }) =>
      ['active', 'past_due'].includes(status),
    );
    const expected = charged
      .flatMap(({ items }) => items.data)
      .map(({ price, quantity }) =>
        Math.round((price.unit_amount * quantity) / (price.recurring.interval === 'year' ? 12 : 1)),
      );
    expect(figures().mrrMinor).toBe(expected.reduce((sum, one) => sum + one, 0));
    expect(sumOf(await rowsOf('mrr'))).toBe(figures().mrrMinor);
  });

  test('every movement is there once, and they add up to it month by month', async () => {
    expect(total(({ newMinor }) => newMinor)).toBe(2900 + 2417 + 2900 + 2900);
    expect(total(({ expansionMinor }) => expansionMinor)).toBe(9900 - 2900);
    expect(total(({ contractionMinor }) => contractionMinor)).toBe(2900 - 9900);
    expect(total(({ reactivationMinor }) => reactivationMinor)).toBe(2900);
    expect(total(({ churnMinor }) => churnMinor)).toBeLessThanOrEqual(-2417 - 2900);
    let mrr = 0;
    for (const one of figures().months) {
      mrr += one.newMinor + one.reactivationMinor + one.expansionMinor;
      mrr += one.contractionMinor + one.churnMinor;
      expect([one.month, one.mrrMinor]).toEqual([one.month, mrr]);
      expect(sumOf(await rowsOf('movements', one.month))).toBe(
        one.newMinor +
          one.reactivationMinor +
          one.expansionMinor +
          one.contractionMinor +
          one.churnMinor,
      );
    }
  });

  test('revenue is what was paid at Stripe, by the month of the payment', async () => {
    const invoices = (await atStripe<InvoiceAtStripe>('invoices?')).filter(
      ({ amount_paid: paid }) => paid > 0,
    );
    for (const one of figures().months) {
      const paid = invoices
        .filter(({ status_transitions: { paid_at: at } }) =>
          new Date((at ?? 0) * 1000).toISOString().startsWith(one.month),
        )
        .reduce((sum, { amount_paid: amount }) => sum + amount, 0);
      expect([one.month, one.paidMinor]).toEqual([one.month, paid]);
      expect(sumOf(await rowsOf('paid', one.month))).toBe(paid);
      expect(one.netMinor).toBe(one.paidMinor - one.refundedMinor);
      expect(sumOf(await rowsOf('refunded', one.month))).toBe(one.refundedMinor);
      expect(await rowsOf('recovered', one.month)).toHaveLength(one.recovered);
    }
    expect(total(({ recovered }) => recovered)).toBeGreaterThanOrEqual(1);
  });

  test('trials, subscriptions, failed payments and credits equal their lists', async () => {
    expect(business.trials).toEqual({ running: 0, converted: 0, lost: 0 });
    expect(await rowsOf('trials')).toEqual([]);
    const counted = business.subscriptions.reduce((sum, { count }) => sum + count, 0);
    expect(await rowsOf('subscriptions')).toHaveLength(counted);
    const failed = await rowsOf('failed');
    expect([failed.length, sumOf(failed)]).toEqual([
      ...[figures().failed.count, figures().failed.amountMinor],
    ]);
    const { tenantId } = someone;
    const grant = { act: 'grant_credits', credits: 2, days: 9, ref: 'T', reason: 'a test' };
    await operator.send('POST', `/api/admin/tenants/${tenantId}/acts`, grant);
    const { creditsMicro } = await get<BusinessScreen>('/business');
    expect(creditsMicro).toEqual({ paid: 0, promotional: 2_000_000 });
    expect(await rowsOf('credits')).toMatchObject([{ tenantId, amount: 2_000_000 }]);
  });

  test('each list is a CSV with the same rows', async () => {
    for (const list of ['mrr', 'movements', 'paid', 'trials', 'credits'] as const) {
      const csv = await get<string>(`/business/${list}/export.csv`);
      const [head, ...lines] = csv.trimEnd().split('\n');
      expect(head).toBe('at,tenant_id,tenant,what,amount,currency');
      expect(lines).toHaveLength((await rowsOf(list)).length);
    }
    expect((await operator.send('GET', '/api/admin/business/odd')).status).toBe(400);
    expect((await operator.send('GET', '/api/admin/business/mrr?month=2026-13')).status).toBe(400);
  });
});
