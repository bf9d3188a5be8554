import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parsePeriod, periodOf, periodStart } from '../../src/domain/period.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { advanceDays, type Customer } from '../support/customer.ts';
import { creditFaults } from '../support/metered-tenant.ts';
import { overageOf } from '../support/overage.ts';
import {
  alertsOf,
  billed,
  done,
  draw,
  invoicesOf,
  list,
  monthIsOver,
  paymentOf,
  service,
  statement,
  subscriber,
} from '../support/statements.ts';

let app: TestApp;
beforeAll(async () => void (app = await startTestApp({ TRIAL_DAYS: '0' })));
afterAll(async () => app?.stop());

const unpaidOf = async ({ tenantId }: Customer) =>
  (await overageOf(app.database.pool, tenantId)).unpaid;
/** Statements that the audit log says were written off. */
const writeOffsOf = async ({ tenantId }: Customer) =>
  (
    await app.database.pool.query<{ id: string }>(
      `select subject_id as id from audit_log
       where tenant_id = $1 and action = 'statement.written_off'`,
      [tenantId],
    )
  ).rows.map(({ id }) => id);
const later = async (customer: Customer, days: number) => {
  await advanceDays(app, days);
  await service(customer).sweep();
  await done(customer);
};

/** Nothing was taken off for 35 days of what is owed for usage that was billed, paid, and then taken back. */
async function owing(): Promise<{ customer: Customer; id: string }> {
  const customer = await subscriber(app, 'year');
  await draw(customer, 60);
  const { id } = await billed(customer);
  await later(customer, 1 / 24);
  expect(await statement(customer, id)).toMatchObject({ state: 'paid', amountMinor: 1_440 });
  const period = parsePeriod(app.server.context.clock.now().toISOString().slice(0, 7))!;
  await app.server.context.services.usage.correct({
    ...{ tenantId: customer.tenantId, resourceType: 'images', period, amount: -50 },
    ...{ reason: 'a fault', actor: { kind: 'service', name: 'test' } },
  });
  const owed = await billed(customer);
  expect(owed).toMatchObject({ state: 'carried', totalMinor: -1_200 });
  await later(customer, 34.9);
  expect(await alertsOf(customer)).toEqual([]);
  await later(customer, 0.2);
  expect(await alertsOf(customer)).toEqual(['statement_credit']);
  return { customer, id: owed.id };
}

test('12.54 what nothing was taken off for 35 days is told, and refunded once', async () => {
  const { customer, id } = await owing();
  // Refunded by hand and written off, it is not taken off again.
  const wish = { reason: 'refunded on the invoice', by: 'test' };
  await service(customer).operate({ ...wish, statementId: id, act: 'write-off' });
  expect(await alertsOf(customer)).toEqual([]);
  expect(await writeOffsOf(customer)).toEqual([id]);
  expect(await unpaidOf(customer)).toBe(0);
  await draw(customer, 500);
  await draw(customer, 50);
  expect(await billed(customer)).toMatchObject({ amountMinor: 1_200, carriedInMinor: 0 });
  await later(customer, 1 / 24);
  expect((await invoicesOf(customer)).map(({ total }) => total).toSorted()).toEqual([1_200, 1_440]);
  expect(await unpaidOf(customer)).toBe(0);
});

test('12.54 what the next statement takes off after all is told no more: nobody refunds it too', async () => {
  const { customer } = await owing();
  await draw(customer, 500);
  await draw(customer, 150);
  expect(await billed(customer)).toMatchObject({ state: 'open', totalMinor: 2_400 });
  expect(await alertsOf(customer)).toEqual([]);
});

test.each([
  ['voided', 'void'],
  ['refunded', 'paid'],
])(
  '12.54 usage of a bill that staff has %s already is given back, and no money for it once more',
  async (how, state) => {
    const customer = await subscriber(app);
    await draw(customer, 60);
    const { id } = await billed(customer);
    const [invoice] = await invoicesOf(customer);
    if (how === 'voided') await customer.atStripe(`invoices/${invoice!.id}/void`, {});
    else {
      await later(customer, 1 / 24);
      const { payment_intent } = await paymentOf(customer, invoice!.id);
      await customer.atStripe('refunds', { payment_intent });
    }
    await vi.waitFor(async () => {
      await done(customer);
      const { bills } = await overageOf(app.database.pool, customer.tenantId);
      expect(bills.get(id)?.[1]).toBe(how === 'voided' ? 'void' : 'returned');
    }, 60_000);
    expect(await statement(customer, id)).toMatchObject({ state });
    const period = parsePeriod(app.server.context.clock.now().toISOString().slice(0, 7))!;
    await app.server.context.services.usage.correct({
      ...{ tenantId: customer.tenantId, resourceType: 'images', period, amount: -50 },
      ...{ reason: 'a fault', actor: { kind: 'service', name: 'test' } },
    });
    await draw(customer, 70);
    expect(await billed(customer)).toMatchObject({ state: 'written_off', totalMinor: -1_200 });
    expect(await unpaidOf(customer)).toBe(140_000_000);
    expect(await billed(customer)).toMatchObject({ state: 'open', totalMinor: 1_680 });
    await later(customer, 1 / 24);
    expect(await unpaidOf(customer)).toBe(0);
    expect(await creditFaults(app.database.pool)).toEqual([]);
    expect(await service(customer).verify()).toEqual([]);
  },
);

test('12.28 what costs less than the smallest coin is carried too, and settled with the next', async () => {
  const customer = await subscriber(app);
  const { usage } = app.server.context.services;
  const tokens = { tenantId: customer.tenantId, resourceType: 'llm_tokens' } as const;
  await usage.trackUsage({ ...tokens, amount: 1_000_000 });
  // 0.08 credits, at 12 fen: less than one.
  await usage.trackUsage({ ...tokens, amount: 400 });
  expect(await billed(customer)).toMatchObject({ state: 'carried', totalMinor: 0 });
  await draw(customer, 60);
  const { id } = await billed(customer);
  await later(customer, 1 / 24);
  expect(await statement(customer, id)).toMatchObject({
    ...{ state: 'paid', amountMinor: 1_440, carriedInMinor: 0 },
  });
  expect((await invoicesOf(customer)).map(({ total }) => total)).toEqual([1_440]);
  // Nothing stays that would wait for a statement for ever.
  expect(await unpaidOf(customer)).toBe(0);
  expect(await creditFaults(app.database.pool)).toEqual([]);
});

test('12.28 what was carried for months is billed at last, each month by its own line of the invoice', async () => {
  const customer = await subscriber(app, 'year');
  const starts: number[] = [];
  for (const amount of [5, 506, 515]) {
    starts.push(periodStart(periodOf(app.server.context.clock.now())).getTime() / 1000);
    await draw(customer, Math.min(amount, 500));
    if (amount > 500) await draw(customer, amount - 500);
    await monthIsOver(customer);
  }
  expect(await list(customer)).toMatchObject([
    { state: 'open', amountMinor: 360, carriedInMinor: 264, totalMinor: 624 },
    { state: 'carried', amountMinor: 144, carriedInMinor: 120 },
    { state: 'carried', amountMinor: 120, carriedInMinor: 0 },
  ]);
  const [invoice, ...more] = await invoicesOf(customer);
  expect(more).toEqual([]);
  const { data } = await customer.atStripe<{
    data: { amount: number; description: string; period: { start: number } }[];
  }>(`invoices/${invoice!.id}/lines`);
  expect(data.map(({ amount, period }) => [amount, period.start])).toEqual([
    [120, starts[0]],
    [144, starts[1]],
    [360, starts[2]],
  ]);
  expect(data.map(({ description }) => description.split('：')[1])).toEqual([
    '图片，10 点数',
    '图片，12 点数',
    '图片，30 点数',
  ]);
});

test('12.28 what is carried is written off or billed with the next one, also where both begin at once', async () => {
  const customer = await subscriber(app);
  await draw(customer, 5);
  const carried = await billed(customer);
  expect(carried).toMatchObject({ state: 'carried', totalMinor: 120 });
  await draw(customer, 60);
  const { pool } = app.database;
  const name = `statements:${customer.tenantId}`;
  const busy = await pool.connect();
  await busy.query('begin');
  await busy.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
  const waiting = (count: number) =>
    vi.waitFor(async () => {
      const { rows } = await pool.query(
        `select from pg_locks where locktype = 'advisory' and not granted
           and (classid::bigint << 32 | objid::bigint) = hashtextextended($1, 0)`,
        [name],
      );
      expect(rows).toHaveLength(count);
    }, 60_000);
  const closed = service(customer).close(customer.tenantId, { kind: 'threshold' });
  await waiting(1);
  const wish = { reason: 'too little', by: 'test', statementId: carried.id } as const;
  const refused = expect(
    service(customer).operate({ ...wish, act: 'write-off' }),
  ).rejects.toMatchObject({ code: 'state_changed' });
  await waiting(2);
  await busy.query('commit');
  busy.release();
  expect(await closed).toMatchObject({ amountMinor: 1_440, carriedInMinor: 120 });
  await refused;
  await later(customer, 1 / 24);
  expect(await alertsOf(customer)).toEqual([]);
  expect((await invoicesOf(customer)).map(({ total }) => total)).toEqual([1_560]);
});
