import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BUSINESS_LISTS,
  type BusinessList,
  type BusinessRow,
  type BusinessRows,
  type BusinessScreen,
  type CurrencyFigures,
  type MonthFigures,
} from '../../src/domain/accounts/operator-business.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { liveAYear } from '../support/business-year.ts';
import { signUp } from '../support/customer.ts';
import { makeOperator, type SignedInOperator } from '../support/operator.ts';
import { MICRO } from '../support/packs.ts';
import { StripeFigures, type MonthAtStripe } from '../support/stripe-figures.ts';

let app: TestApp;
let operator: SignedInOperator;
let atStripe: StripeFigures;
let business: BusinessScreen;
let untouched: BusinessScreen;

beforeAll(async () => {
  app = await startTestApp({ TRIAL_DAYS: '14' });
  const someone = await signUp(app, '=Operators');
  operator = await makeOperator(app, someone);
  untouched = await get<BusinessScreen>('/business');
  atStripe = new StripeFigures(someone);
  await liveAYear(app, atStripe);
  await atStripe.collect();
  business = await get<BusinessScreen>('/business?months=15');
}, 480_000);
afterAll(() => app?.stop());

const get = async <T>(path: string) => {
  const answer = await operator.send<T>('GET', `/api/admin${path}`);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
};

async function rowsOf(list: BusinessList, month?: string): Promise<BusinessRow[]> {
  const rows: BusinessRow[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const query = new URLSearchParams({ limit: '7', ...(month ? { month } : {}) });
    if (cursor) query.set('cursor', cursor);
    const page: BusinessRows = await get(`/business/${list}?${query.toString()}`);
    rows.push(...page.rows);
    cursor = page.nextCursor;
  }
  return rows;
}
const sumOf = (rows: readonly BusinessRow[]) =>
  rows.reduce((sum, { amount }) => sum + (amount ?? 0), 0);
const inCurrency = (rows: readonly BusinessRow[], { currency }: CurrencyFigures) =>
  rows.filter((row) => row.currency === currency);
const moved = (one: MonthFigures) =>
  one.newMinor + one.reactivationMinor + one.expansionMinor + one.contractionMinor + one.churnMinor;

describe('14 the business numbers are what a simulated year at Stripe was', () => {
  test('nothing is in them before there is anything', () => {
    expect(untouched).toEqual({
      ...{ currencies: [], subscriptions: [], creditsMicro: { paid: 0, promotional: 0 } },
      trials: { running: 0, converted: 0, lost: 0 },
    });
  });

  test('each number of each month is what Stripe’s own objects come to', () => {
    expect(business.currencies.map(({ currency }) => currency)).toEqual(['cny', 'usd']);
    for (const { currency, months } of business.currencies) {
      expect(months).toHaveLength(15);
      for (const { month, ...ours } of months) {
        const stripes: MonthAtStripe = atStripe.month(month, currency);
        expect({ month, currency, ...ours }).toEqual({ month, currency, ...stripes });
      }
    }
  });

  test('and everything did happen in that year', () => {
    const [cny, usd] = business.currencies;
    const total = (pick: (month: MonthFigures) => number, of = cny) =>
      of!.months.reduce((sum, month) => sum + pick(month), 0);
    const happened: [string, number][] = [
      ['new', total((month) => month.newMinor)],
      ['reactivation', total((month) => month.reactivationMinor)],
      ['expansion', total((month) => month.expansionMinor)],
      ['contraction', -total((month) => month.contractionMinor)],
      ['churn', -total((month) => month.churnMinor)],
      ['tax', total((month) => month.taxMinor)],
      ['usage', total((month) => month.usageMinor)],
      ['usage abroad', total((month) => month.usageMinor, usd)],
      ['refunded', total((month) => month.refundedMinor)],
      ['recovered', total((month) => month.recovered)],
      ['failed', cny!.failed.count],
      ['refunds that failed', atStripe.refunds.filter(({ status }) => status === 'failed').length],
    ];
    expect(happened.filter(([, sum]) => sum <= 0)).toEqual([]);
  });

  test('each number of a month is the sum of the list behind it, and of its file', async () => {
    const parts: [BusinessList, (month: MonthFigures) => number][] = [
      ['movements', moved],
      ['paid', ({ paidMinor }) => paidMinor],
      ['refunded', ({ refundedMinor }) => refundedMinor],
      ['usage', ({ usageMinor }) => usageMinor],
      ['recovered', ({ recoveredMinor }) => recoveredMinor],
    ];
    const { months } = business.currencies[0]!;
    for (const { month } of months) {
      for (const [list, pick] of parts) {
        const rows = await rowsOf(list, month);
        for (const figures of business.currencies) {
          const number = pick(figures.months.find((one) => one.month === month)!);
          const where = [list, month, figures.currency];
          expect([...where, sumOf(inCurrency(rows, figures))]).toEqual([...where, number]);
        }
      }
    }
  });

  test('what is so now is what stands at Stripe, and in its lists', async () => {
    for (const figures of business.currencies) {
      expect(sumOf(inCurrency(await rowsOf('mrr'), figures))).toBe(figures.mrrMinor);
      const open = atStripe.invoices.filter(
        ({ status, attempt_count: tries, currency }) =>
          status === 'open' && tries > 0 && currency === figures.currency,
      );
      const failed = inCurrency(await rowsOf('failed'), figures);
      const amountMinor = open.reduce((sum, one) => sum + one.amount_remaining, 0);
      expect(figures.failed).toEqual({ count: open.length, amountMinor });
      expect([failed.length, sumOf(failed)]).toEqual([open.length, amountMinor]);
    }
    const paidFor = new Set(
      atStripe.invoices
        .filter(({ amount_paid: paid }) => paid > 0)
        .map(({ parent }) => parent?.subscription_details?.subscription),
    );
    const states = atStripe.subscriptions
      .filter(({ trial_end: end }) => end !== null)
      .map(({ id, status }) =>
        status === 'trialing' ? 'running' : paidFor.has(id) ? 'converted' : 'lost',
      );
    const count = (state: string) => states.filter((one) => one === state).length;
    const trials = {
      ...{ running: count('running'), converted: count('converted'), lost: count('lost') },
    };
    expect(trials).toEqual({ running: 1, converted: 1, lost: 1 });
    expect(business.trials).toEqual(trials);
    expect((await rowsOf('trials')).map(({ what }) => what).toSorted()).toEqual(states.toSorted());
    const alive = atStripe.subscriptions.filter(({ status }) => status !== 'canceled');
    expect(await rowsOf('subscriptions')).toHaveLength(alive.length);
    expect(business.subscriptions.reduce((sum, one) => sum + one.count, 0)).toBe(alive.length);
    // A small pack has sixty credits: one was given back, one was not, one was bought abroad.
    expect(business.creditsMicro).toEqual({ paid: 120 * MICRO, promotional: 0 });
    expect(sumOf(await rowsOf('credits'))).toBe(120 * MICRO);
  });

  test('each list is a file of the same rows, in money that a spreadsheet adds up', async () => {
    for (const list of BUSINESS_LISTS) {
      const rows = await rowsOf(list);
      const csv = await get<string>(`/business/${list}/export.csv`);
      const [head, ...lines] = csv.trimEnd().split('\n');
      expect(head).toBe('at,tenant_id,tenant,what,amount,currency');
      expect([list, lines.length]).toEqual([list, rows.length]);
      const written = lines.map((line) => line.split(',').slice(-2));
      const told = rows.map(({ amount, currency }) => {
        if (amount === null) return ['', ''];
        if (currency === null) return [String(amount / MICRO), 'credits'];
        return [(amount / 100).toFixed(2), currency];
      });
      expect([list, written]).toEqual([list, told]);
    }
    expect((await operator.send('GET', '/api/admin/business/odd')).status).toBe(400);
    expect((await operator.send('GET', '/api/admin/business/mrr?month=2026-13')).status).toBe(400);
  });

  test('the sums that are kept are those of all rows, before and after they are put together', async () => {
    const { pool } = app.database;
    const kept = async () => {
      const { rows } = await pool.query(
        `select month, currency, name, sum(minor)::bigint as minor, sum(count)::bigint as count
         from (select month, currency, name, minor, count from business_months
           union all select month, currency, name, minor, count from business_changes) as noted
         group by month, currency, name having sum(count) <> 0 or sum(minor) <> 0
         order by 1, 2, 3`,
      );
      return rows;
    };
    const { rows: counted } = await pool.query('select * from business_counted() order by 1, 2, 3');
    expect(counted.length).toBeGreaterThan(20);
    expect(await kept()).toEqual(counted);
    await app.server.context.services.operators.business.fold();
    expect((await pool.query('select from business_changes')).rowCount).toBe(0);
    expect(await kept()).toEqual(counted);
    expect(await get<BusinessScreen>('/business?months=15')).toEqual(business);
  });
});
