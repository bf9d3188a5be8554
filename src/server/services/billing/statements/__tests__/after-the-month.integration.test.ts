import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { creditFaults } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import {
  listLines,
  lockClosing,
} from '../../../../../db/repositories/billing/statements/statement.repository.ts';
import { parsePeriod } from '../../../../../domain/period.ts';
import { LedgerVerificationService } from '../../../usage/ledger/ledger-verification.service.ts';
import { closeDue } from '../close-due.ts';
import { verifyStatements } from '../verify-statements.ts';
import { verifyChain, verifyProof } from '../verify-proof.ts';
import { closingWorld } from './closing-world.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-archive-'));
});
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const MARCH = parsePeriod('2027-03')!;
/** The ledger's row of the 30 pictures that a team has drawn. */
async function rowOf30(tenantId: string): Promise<string> {
  const text = 'select id from u00.usage where tenant_id = $1 and amount = 30';
  return (await inEveryBucket<{ id: string }>(database.pool, text, [tenantId]))[0]!.id;
}

const by = { reason: 'a fault', actor: { kind: 'service', name: 'test' } } as const;

test('12.54 usage that was taken back is a negative line, taken off the next statement', async () => {
  const { draw, all, close, usage, tenantId, proofOf, deps } = await closingWorld(database);
  await draw(30);
  await close({ kind: 'threshold' });
  await usage.correct({
    ...{ tenantId, resourceType: 'images', period: MARCH, amount: -10, ...by },
  });
  await close({ kind: 'threshold' });
  await draw(40);
  await close({ kind: 'threshold' });
  const found = await all();
  expect(found).toMatchObject([
    { amountMinor: 720, carriedInMinor: 0, state: 'closed' },
    { amountMinor: -240, carriedInMinor: 0, state: 'carried' },
    { amountMinor: 960, carriedInMinor: -240, state: 'closed' },
  ]);
  const proofs = await Promise.all(found.map(async (one) => verifyProof(await proofOf(one))));
  for (const [n, proof] of proofs.entries()) {
    expect(proof.findings).toEqual([]);
    if (n > 0) expect(verifyChain(proofs[n - 1]!, proof)).toEqual([]);
  }
  expect(await verifyStatements(deps)).toEqual([]);
});

test('12.54 a row that was billed is taken off the next statement, and its credits go back', async () => {
  const { draw, all, close, usage, tenantId, proofOf, deps } = await closingWorld(database);
  await usage.credits.grant({
    ...{ tenantId, origin: 'goodwill', originRef: 'a', amountMicro: 20_000_000, ...by },
    expiresAt: new Date('2028-01-01T00:00:00Z'),
  });
  await draw(30);
  await draw(5);
  await close({ kind: 'threshold' });
  const row = await rowOf30(tenantId);
  const reversal = { tenantId, row, ...by };
  expect(await usage.reversals.reverse(reversal)).toMatchObject({
    sources: [
      { kind: 'overage', micro: 40_000_000 },
      { kind: 'grant', micro: 20_000_000, lapsedMicro: 0 },
    ],
  });
  await close({ kind: 'threshold' });
  const found = await all();
  expect(found).toMatchObject([
    { amountMinor: 600, state: 'closed' },
    { amountMinor: -480, state: 'carried' },
  ]);
  const [billed, back] = await Promise.all(
    found.map(async (one) => verifyProof(await proofOf(one))),
  );
  expect([billed!.findings, back!.findings, verifyChain(billed!, back!)]).toEqual([[], [], []]);
  expect(await verifyStatements(deps)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

test('12.54 where no other statement comes it is written off, and an operator is told what to refund', async () => {
  const { draw, all, close, usage, tenantId, clock, deps } = await closingWorld(database);
  await draw(30);
  await close({ kind: 'threshold' });
  await usage.correct({
    ...{ tenantId, resourceType: 'images', period: MARCH, amount: -10, ...by },
  });
  await close({ kind: 'threshold' });
  const alerts = async () =>
    (
      await database.pool.query(
        `select subject_id as about, details from alerts where tenant_id = $1`,
        [tenantId],
      )
    ).rows;
  expect(await alerts()).toEqual([]);
  await database.pool.query(
    `update subscriptions set stripe_status = 'canceled', status = 'canceled', ended_at = $2
     where tenant_id = $1`,
    [tenantId, new Date(clock.now().getTime() + 1_000)],
  );
  await database.pool.query(`update tenants set plan = 'free' where id = $1`, [tenantId]);
  clock.set('2027-03-10T13:00:00Z');
  await closeDue(deps);
  const last = (await all()).at(-1)!;
  expect(last).toMatchObject({ amountMinor: -240, state: 'written_off' });
  expect(await alerts()).toEqual([
    { about: last.id, details: { amountMinor: 240, currency: 'cny' } },
  ]);
});

test('12.28 who has nothing but what is carried is asked about no more, until there is more', async () => {
  const { draw, all, clock, deps, fill, tenantId } = await closingWorld(database);
  await draw(5);
  clock.set('2027-04-02T02:00:00Z');
  await closeDue(deps);
  expect(await all()).toMatchObject([{ state: 'carried', amountMinor: 120 }]);
  clock.set('2027-05-02T02:00:00Z');
  const other = await database.pool.connect();
  try {
    // Whoever closes for the tenant would wait for this.
    await other.query('begin');
    await lockClosing(drizzle(other) as never, tenantId);
    expect(await closeDue(deps)).toBe(0);
  } finally {
    await other.query('rollback');
    other.release();
  }
  await fill();
  await draw(1);
  clock.set('2027-06-02T02:00:00Z');
  await closeDue(deps);
  expect((await all()).at(-1)).toMatchObject({ amountMinor: 24, carriedInMinor: 120 });
});

test('12.13 a hold that ran out, settled after its month was closed, is billed by the next one as that month’s', async () => {
  const { draw, hold, all, clock, deps, usage, tenantId, proofOf, fill } =
    await closingWorld(database);
  await draw(30);
  const { reservationId } = await hold(20);
  clock.set('2027-04-02T02:00:00Z');
  await usage.expireReservations();
  await closeDue(deps);
  expect(await all()).toMatchObject([{ kind: 'month', amountMinor: 720, state: 'closed' }]);
  await usage.settle({ reservationId, tenantId, amount: 20 });
  await fill();
  await draw(25);
  clock.set('2027-05-02T02:00:00Z');
  await closeDue(deps);
  const statements = await all();
  expect(statements.slice(1)).toMatchObject([{ amountMinor: 480 + 600, state: 'closed' }]);
  const lines = await listLines(database.db, statements[1]!.id);
  expect(lines.map(({ period, amountMinor }) => [period, amountMinor])).toEqual([
    ['2027-03', 480],
    ['2027-04', 600],
  ]);
  expect(verifyProof(await proofOf(statements[1]!)).findings).toEqual([]);
  expect(await verifyStatements(deps)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

test('12.60 a month whose ledger is archived is billed, proved and corrected as before', async () => {
  const { draw, all, close, usage, tenantId, clock, deps, proofOf } = await closingWorld(database);
  await draw(30);
  const last = { tenantId, row: await rowOf30(tenantId), ...by };
  clock.set('2027-06-01T00:00:00Z');
  const ledger = new LedgerVerificationService({ database, clock, log: deps.log });
  const { rows } = await ledger.archive(MARCH, folder);
  expect(rows).toBeGreaterThan(0);
  await expect(usage.exportCsv(tenantId, MARCH)).rejects.toThrow('has been archived');
  await expect(usage.reversals.reverse(last)).rejects.toThrow(/of which 2027-03 is archived/);
  // Closed after it is gone, a statement is of the movements, which stayed.
  await closeDue(deps);
  const [statement] = await all();
  expect(statement).toMatchObject({ kind: 'month', period: '2027-04', amountMinor: 720, rows: 1 });
  expect(verifyProof(await proofOf(statement!)).findings).toEqual([]);
  expect(await verifyStatements(deps)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
  expect((await ledger.verify()).differences).toEqual([]);
  // And comes back whole.
  expect((await ledger.restore(MARCH)).rows).toBe(rows);
  await usage.correct({
    ...{ tenantId, resourceType: 'images', period: MARCH, amount: -10, ...by },
  });
  expect(await close({ kind: 'threshold' })).toMatchObject({ amountMinor: -240, state: 'carried' });
  expect(await creditFaults(database.pool)).toEqual([]);
  // A row goes back once, also where the month was away in between.
  await usage.correct({
    ...{ tenantId, resourceType: 'images', period: MARCH, amount: 10, ...by },
  });
  await usage.reversals.reverse(last);
  expect((await ledger.archive(MARCH, folder)).rows).toBe(rows + 3);
  await ledger.restore(MARCH);
  await expect(usage.reversals.reverse(last)).rejects.toThrow('was taken back already');
  expect((await ledger.verify()).differences).toEqual([]);
});
