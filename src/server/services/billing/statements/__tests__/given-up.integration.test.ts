import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { schemaOf } from '../../../../../../tests/support/buckets.ts';
import { agreeToOverage } from '../../../../../../tests/support/overage.ts';
import { parsePeriod } from '../../../../../domain/period.ts';
import { closeDue } from '../close-due.ts';
import { verifyChain, verifyProof } from '../verify-proof.ts';
import { verifyStatements } from '../verify-statements.ts';
import { closingWorld } from './closing-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const MARCH = parsePeriod('2027-03')!;

async function world() {
  const found = await closingWorld(database);
  const { usage, tenantId } = found;
  const by = { reason: 'a fault', actor: { kind: 'service', name: 'test' } } as const;
  return {
    ...found,
    takeBack: (amount: number) =>
      usage.correct({ tenantId, resourceType: 'images', period: MARCH, amount: -amount, ...by }),
    becomes: (id: string, state: string) =>
      database.pool.query(`update statements set state = $2 where id = $1`, [id, state]),
    alerts: async () =>
      (await database.pool.query(`select kind from alerts where tenant_id = $1`, [tenantId])).rows,
    wordsOfAlerts: async () =>
      (
        await database.pool.query<{ message: string }>(
          `select message from alerts where tenant_id = $1`,
          [tenantId],
        )
      ).rows.map(({ message }) => message),
    audited: async () =>
      (
        await database.pool.query<{ action: string; id: string }>(
          `select action, subject_id as id from audit_log
           where tenant_id = $1 and action like 'statement.%'`,
          [tenantId],
        )
      ).rows.map(({ action, id }) => [action, id]),
  };
}

test.each(['void', 'written_off'])(
  '12.54 usage of a bill that is %s, so that nobody paid it, is taken off no other',
  async (state) => {
    const { draw, all, close, takeBack, becomes, alerts, proofOf, deps } = await world();
    await draw(30);
    await becomes((await close({ kind: 'threshold' }))!.id, state);
    await draw(5);
    // The newest first: five that no statement has, and ten that nobody pays.
    await takeBack(15);
    await draw(40);
    expect(await close({ kind: 'threshold' })).toMatchObject({ state: 'carried', amountMinor: 0 });
    await close({ kind: 'threshold' });
    await close({ kind: 'threshold' });
    const found = await all();
    expect(found).toMatchObject([
      { amountMinor: 720, state },
      { amountMinor: 0, carriedInMinor: 0, state: 'written_off' },
      { amountMinor: -240, carriedInMinor: 0, state: 'written_off' },
      { amountMinor: 960, carriedInMinor: 0, state: 'closed' },
    ]);
    expect(await alerts()).toEqual([]);
    const proofs = await Promise.all(found.map(async (one) => verifyProof(await proofOf(one))));
    for (const [n, proof] of proofs.entries()) {
      expect(proof.findings).toEqual([]);
      if (n > 0) expect(verifyChain(proofs[n - 1]!, proof)).toEqual([]);
    }
    expect(await verifyStatements(deps)).toEqual([]);
  },
);

test('12.54 what was carried to a bill that nobody paid is taken off no other either', async () => {
  const { draw, all, close, takeBack, becomes } = await world();
  await draw(10);
  expect(await close({ kind: 'threshold' })).toMatchObject({ state: 'carried', amountMinor: 240 });
  await draw(30);
  const second = await close({ kind: 'threshold' });
  expect(second).toMatchObject({ amountMinor: 720, carriedInMinor: 240 });
  await becomes(second!.id, 'void');
  await takeBack(40);
  await close({ kind: 'threshold' });
  expect((await all()).at(-1)).toMatchObject({ amountMinor: -960, state: 'written_off' });
});

test('12.54 what is owed to the customer already is not lost with it: an operator is told', async () => {
  const { draw, all, close, takeBack, becomes, alerts, wordsOfAlerts } = await world();
  await draw(30);
  const given = await close({ kind: 'threshold' });
  await draw(40);
  await close({ kind: 'threshold' });
  await takeBack(10);
  expect(await close({ kind: 'threshold' })).toMatchObject({ state: 'carried', amountMinor: -240 });
  await becomes(given!.id, 'void');
  await takeBack(40);
  await draw(30);
  for (let n = 0; n < 3; n += 1) await close({ kind: 'threshold' });
  expect((await all()).slice(2)).toMatchObject([
    { amountMinor: -240, state: 'carried' },
    { amountMinor: -720, carriedInMinor: -240, state: 'written_off' },
    { amountMinor: -240, state: 'written_off' },
    { amountMinor: 720, carriedInMinor: 0, state: 'closed' },
  ]);
  expect(await alerts()).toEqual([{ kind: 'statement_credit' }]);
  // It cannot be written off any more, nor does another one take it off.
  expect(await wordsOfAlerts()).toEqual([
    'Usage was taken back that was billed, and no other statement comes: refund it on a paid invoice.',
  ]);
});

test('12.29 what is written off as it is closed is in the audit log', async () => {
  const { draw, all, close, takeBack, becomes, audited } = await world();
  await draw(30);
  const given = await close({ kind: 'threshold' });
  await becomes(given!.id, 'void');
  await takeBack(10);
  const back = await close({ kind: 'threshold' });
  expect(back).toMatchObject({ state: 'written_off', amountMinor: -240 });
  await draw(2);
  const last = await close({ kind: 'final' });
  expect(last).toMatchObject({ state: 'written_off', amountMinor: 48 });
  expect(await all()).toHaveLength(3);
  expect(await audited()).toEqual([
    ['statement.written_off', back!.id],
    ['statement.written_off', last!.id],
  ]);
});

test('12.12 a month in two currencies is closed to its end at once', async () => {
  const { draw, all, tenantId, clock, deps, fill, usage } = await world();
  await draw(30);
  const { pool } = database;
  const schema = await schemaOf(pool, tenantId);
  await pool.query(`update ${schema}.usage_tenants set overage = $2 where tenant_id = $1`, [
    tenantId,
    { currency: 'usd', minorPerCredit: '12' },
  ]);
  await agreeToOverage(database, tenantId, { currency: 'usd', at: clock.now() });
  const actor = { kind: 'service', name: 't' } as const;
  await usage.credits.setExposure({ tenantId, exposureMinor: 10_000, actor, reason: 't' });
  await draw(14);
  clock.set('2027-04-02T02:00:00Z');
  await fill();
  await closeDue(deps);
  expect(await all()).toMatchObject([
    { kind: 'month', currency: 'cny', amountMinor: 720 },
    { kind: 'month', currency: 'usd', amountMinor: 336 },
  ]);
});

test.each([
  [11, { kind: 'late', state: 'closed', amountMinor: 264, carriedInMinor: 240 }],
  [5, { kind: 'late', state: 'written_off', amountMinor: 120, carriedInMinor: 240 }],
  [0, null],
])(
  '12.29 what is too little at an end waits for work that is open: of %d pictures',
  async (pictures, late) => {
    const { draw, hold, all, tenantId, clock, deps, usage } = await world();
    await draw(10);
    const { reservationId } = await hold(11);
    await database.pool.query(
      `update subscriptions set stripe_status = 'canceled', status = 'canceled', ended_at = $2
       where tenant_id = $1`,
      [tenantId, clock.now()],
    );
    await database.pool.query(`update tenants set plan = 'free' where id = $1`, [tenantId]);
    clock.set('2027-03-10T12:01:00Z');
    await closeDue(deps);
    await closeDue(deps);
    expect(await all()).toMatchObject([{ kind: 'final', state: 'carried', amountMinor: 240 }]);
    await usage.settle({ reservationId, amount: pictures });
    await closeDue(deps);
    const last = { kind: 'final', state: late ? 'carried' : 'written_off', amountMinor: 240 };
    expect(await all()).toMatchObject([last, ...(late ? [late] : [])]);
  },
);
