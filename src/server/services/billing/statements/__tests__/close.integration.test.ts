import { afterAll, beforeAll, expect, test } from 'vitest';
import { schemaOf } from '../../../../../../tests/support/buckets.ts';
import { agreeToOverage, plantOverage } from '../../../../../../tests/support/overage.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { listLines } from '../../../../../db/repositories/billing/statements/statement.repository.ts';
import { minorOf } from '../../../../../domain/billing/statement.ts';
import { lastClosableMonth } from '../../../../../domain/billing/usage/closing.ts';
import { closeDue } from '../close-due.ts';
import { verifyStatements } from '../verify-statements.ts';
import { verifyChain, verifyProof } from '../verify-proof.ts';
import { closingWorld } from './closing-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** The whole of April may be closed from then on. */
const APRIL_IS_OVER = '2027-05-02T02:00:00Z';

const world = (options?: Parameters<typeof closingWorld>[1]) => closingWorld(database, options);

test.each([
  ['2027-05-02T01:59:59Z', '2027-03'],
  ['2027-05-02T02:00:00Z', '2027-04'],
  ['2027-01-02T02:00:00Z', '2026-12'],
  ['2028-03-01T00:00:00Z', '2028-01'],
])('12.30 at %s the last month that can be closed is %s', (now, month) => {
  expect(lastClosableMonth(new Date(now))).toBe(month);
});

test('12.12 12.13 12.23 statements cover every movement once, and a month adds up to its whole', async () => {
  const { draw, close, all, deps, usage, tenantId, proofOf: proof } = await world();
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'g', amountMicro: 3_000_000 },
    ...{ expiresAt: new Date('2027-12-01'), actor: { kind: 'service', name: 't' }, reason: 't' },
  });
  expect(await close({ kind: 'threshold' })).toBeUndefined();
  let micro = 0;
  for (const amount of [3, 1, 7, 20]) {
    await draw(amount);
    await close({ kind: 'threshold' });
  }
  const found = await all();
  expect(found).toHaveLength(4);
  for (const [n, one] of found.entries()) {
    expect(one.seqFrom).toBe((found[n - 1]?.seqTo ?? 0) + 1);
    expect(one.previousSha256).toBe(found[n - 1]?.sha256 ?? '');
    micro += one.micro;
  }
  expect(micro).toBe(31 * 2_000_000 - 3_000_000);
  const billed = found.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  expect(billed).toBe(minorOf(micro, '12'));
  const verdicts = await Promise.all(found.map(async (one) => verifyProof(await proof(one))));
  for (const [n, verdict] of verdicts.entries()) {
    expect(verdict.findings).toEqual([]);
    if (n > 0) expect(verifyChain(verdicts[n - 1]!, verdict)).toEqual([]);
  }
  expect((await verifyStatements(deps)).filter((one) => one.tenantId === tenantId)).toEqual([]);
  await database.pool.query(
    `update statement_lines set micro = micro + 1 where statement_id = $1`,
    [found[1]!.id],
  );
  const faults = (await verifyStatements(deps)).filter((one) => one.tenantId === tenantId);
  expect(new Set(faults.map(({ fault }) => fault))).toEqual(new Set(['sum', 'month', 'draws']));
  const alerts = `select resolved_at is null as open from alerts where kind = 'statements_differ'`;
  expect((await database.pool.query(alerts)).rows).toEqual([{ open: true }]);
  await database.pool.query(
    `update statement_lines set micro = micro - 1 where statement_id = $1`,
    [found[1]!.id],
  );
  expect(await verifyStatements(deps)).toEqual([]);
  expect((await database.pool.query(alerts)).rows).toEqual([{ open: false }]);
});

test('12.27 what closes at the same time is closed once, one after the other', async () => {
  const { draw, close, all } = await world();
  await draw(30);
  await Promise.all([
    close({ kind: 'threshold' }),
    close({ kind: 'month', period: '2027-03' as never }),
    close({ kind: 'threshold' }),
  ]);
  const [only, ...more] = await all();
  expect(more).toEqual([]);
  expect(only).toMatchObject({ seqFrom: 1, amountMinor: 720, state: 'closed', currency: 'cny' });
});

test('12.30 a month is closed 26 hours after its end, when no work of it is open', async () => {
  const { draw, clock, all, deps, hold, usage, fill } = await world({ at: '2027-04-20T12:00:00Z' });
  await draw(30);
  clock.set('2027-04-30T23:30:00Z');
  const { reservationId } = await hold(4);
  clock.set('2027-05-01T00:10:00Z');
  await closeDue(deps);
  expect(await all()).toEqual([]);
  clock.set(APRIL_IS_OVER);
  await closeDue(deps);
  expect(await all()).toEqual([]);
  await usage.settle({ reservationId, amount: 3 });
  await fill();
  await draw(1);
  await closeDue(deps);
  const [statement, ...more] = await all();
  expect(more).toEqual([]);
  expect(statement).toMatchObject({ kind: 'month', period: '2027-04', amountMinor: 34 * 24 });
  const lines = await listLines(database.db, statement!.id);
  expect(lines.map(({ period, amountMinor }) => [period, amountMinor])).toEqual([
    ['2027-04', 33 * 24],
    ['2027-05', 24],
  ]);
  await closeDue(deps);
  expect(await all()).toHaveLength(1);
});

test('12.27 half of what may be unpaid closes a statement in the middle of a month', async () => {
  const { draw, all, deps } = await world();
  await draw(104);
  await closeDue(deps);
  expect(await all()).toEqual([]);
  await draw(1);
  await closeDue(deps);
  expect(await all()).toMatchObject([{ kind: 'threshold', amountMinor: 105 * 24 }]);
});

test('12.27 half of what may be unpaid closes a statement also where months before were billed to their end', async () => {
  const { draw, all, deps, clock, fill, tenantId } = await world();
  const schema = await schemaOf(database.pool, tenantId);
  const call = (name: string, ...values: unknown[]) =>
    database.pool.query(
      `select ${schema}.credit_overage_${name}($1${values.map((_, n) => `, $${n + 2}`).join('')})`,
      [tenantId, ...values],
    );
  await call('trust', 5_000);
  for (const instant of ['2027-03-20T12:00:00Z', '2027-04-10T12:00:00Z', '2027-07-10T12:00:00Z']) {
    clock.set(instant);
    if (!instant.startsWith('2027-03')) await fill();
    await draw(104);
    await closeDue(deps);
    const before = (await all()).length;
    await draw(1);
    await closeDue(deps);
    await closeDue(deps);
    const [newest, ...more] = (await all()).slice(before);
    expect(newest).toMatchObject({ kind: 'threshold', amountMinor: 105 * 24 });
    expect(more).toEqual([]);
    await call('billed', newest!.id, newest!.micro);
    await call('paid', newest!.id);
    await closeDue(deps);
  }
});

test('12.28 12.29 too little is carried month after month, billed with the next, and written off at an end', async () => {
  const { draw, clock, all, deps, fill, tenantId } = await world();
  await draw(5);
  clock.set('2027-04-02T02:00:00Z');
  await closeDue(deps);
  await fill();
  await draw(6);
  clock.set(APRIL_IS_OVER);
  await closeDue(deps);
  await fill();
  await draw(15);
  clock.set('2027-06-02T02:00:00Z');
  await closeDue(deps);
  await fill();
  await draw(2);
  clock.set('2027-07-02T02:00:00Z');
  await closeDue(deps);
  const found = await all();
  expect(found.map((one) => [one.period, one.state, one.amountMinor, one.carriedInMinor])).toEqual([
    ['2027-03', 'carried', 120, 0],
    ['2027-04', 'carried', 144, 120],
    ['2027-05', 'closed', 360, 264],
    ['2027-06', 'carried', 48, 0],
  ]);
  await database.pool.query(
    `update subscriptions set stripe_status = 'canceled', status = 'canceled', ended_at = $2
     where tenant_id = $1`,
    [tenantId, clock.now()],
  );
  await database.pool.query(`update tenants set plan = 'free' where id = $1`, [tenantId]);
  await closeDue(deps);
  expect((await all()).at(-1)).toMatchObject({ state: 'written_off', amountMinor: 48 });
  const audit = await database.pool.query(
    `select action from audit_log where tenant_id = $1 and action = 'statement.written_off'`,
    [tenantId],
  );
  expect(audit.rowCount).toBe(1);
});

test('12.13 12.29 the end of a subscription closes a last statement, and another for work that was open', async () => {
  const { draw, all, deps, hold, usage, tenantId, clock } = await world();
  await draw(30);
  const { reservationId } = await hold(25);
  await database.pool.query(
    `update subscriptions set stripe_status = 'canceled', status = 'canceled', ended_at = $2
     where tenant_id = $1`,
    [tenantId, clock.now()],
  );
  await database.pool.query(`update tenants set plan = 'free' where id = $1`, [tenantId]);
  clock.set('2027-03-10T12:01:00Z');
  await closeDue(deps);
  await closeDue(deps);
  expect(await all()).toMatchObject([{ kind: 'final', amountMinor: 720, state: 'closed' }]);
  await usage.settle({ reservationId, amount: 25 });
  await closeDue(deps);
  expect((await all())[1]).toMatchObject({ kind: 'late', amountMinor: 600, state: 'closed' });
});

test('12.12 a run ends where the account begins to be billed in another currency', async () => {
  const { draw, all, close, tenantId, clock } = await world();
  await draw(30);
  const { pool } = database;
  await pool.query(`update tenants set overage_currency = 'usd' where id = $1`, [tenantId]);
  await agreeToOverage(database, tenantId, { capMinor: 90_000, currency: 'usd', at: clock.now() });
  await draw(40);
  await close({ kind: 'threshold' });
  await close({ kind: 'threshold' });
  const [first, second] = await all();
  expect([first, second]).toMatchObject([
    { currency: 'cny', amountMinor: 720, seqFrom: 1 },
    { currency: 'usd', amountMinor: 144, seqFrom: first!.seqTo + 1 },
  ]);
});

test('12.13 a month in two currencies at one price adds up to the whole of each', async () => {
  const { draw, all, close, deps, tenantId, clock, usage, proofOf } = await world();
  const { pool } = database;
  const schema = await schemaOf(pool, tenantId);
  const billIn = async (currency: string) => {
    await pool.query(`update ${schema}.usage_tenants set overage = $2 where tenant_id = $1`, [
      tenantId,
      { currency, minorPerCredit: '12.3' },
    ]);
    await agreeToOverage(database, tenantId, { currency, at: clock.now() });
  };
  const actor = { kind: 'service', name: 't' } as const;
  await usage.credits.setExposure({ tenantId, exposureMinor: 10_000, actor, reason: 't' });
  // 31 pictures are 762.6 minor units.
  for (const currency of ['cny', 'usd', 'cny', 'usd']) {
    await billIn(currency);
    await draw(31);
    await close({ kind: 'threshold' });
  }
  const found = await all();
  expect(found.map(({ currency, amountMinor }) => [currency, amountMinor])).toEqual([
    ['cny', 762],
    ['usd', 762],
    ['cny', 763],
    ['usd', 763],
  ]);
  for (const one of found) expect(verifyProof(await proofOf(one)).findings).toEqual([]);
  expect((await verifyStatements(deps)).filter((one) => one.tenantId === tenantId)).toEqual([]);
});

test('12.28 what no source pays is never billed', async () => {
  const { usage, tenantId, close } = await world({ capMinor: 240 });
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 30, enforce: false });
  const statement = await close({ kind: 'threshold' });
  expect(statement).toMatchObject({ amountMinor: 240 });
  const lines = await listLines(database.db, statement!.id);
  expect(lines).toMatchObject([{ micro: 20_000_000 }]);
});

test('12.12 100,000 movements are closed by a few statements to the database', async () => {
  const { close, tenantId, clock } = await world();
  await plantOverage(database.pool, tenantId, 100_000, clock.now());
  const statement = await close({ kind: 'threshold' });
  expect(statement).toMatchObject({ rows: 100_000, micro: 10_000_000_000, amountMinor: 120_000 });
});
