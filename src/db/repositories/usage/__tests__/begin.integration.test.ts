import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../domain/period.ts';
import { UsageRepository } from '../../usage.repository.ts';

const now = new Date('2026-05-10T12:00:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
let database: TestDatabase;
let usage: UsageRepository;
beforeAll(async () => {
  database = await createTestDatabase({ max: 4 });
  usage = new UsageRepository(database);
});
afterAll(() => database.drop());

/** A tenant's hold of one picture, not begun yet. */
async function hold() {
  const tenantId = await tenantInBucket(database.pool, 0);
  const reservationId = crypto.randomUUID();
  const call = {
    ...{ tenantId, resourceType: 'images' as const, amount: 1, enforce: true, key: null },
    ...{ fingerprint: 0, metadata: null, reservationId, expiresAt: later(10) },
  };
  await usage.record({ period: periodOf(now), occurredAt: now, now }, call);
  return { tenantId, reservationId };
}

async function written(reservationId: string) {
  const { rows } = await database.pool.query<{ begun: number; until: Date }>(
    `select begun_amount::int as begun, expires_at as until
     from u00.usage_reservations where id = $1`,
    [reservationId],
  );
  return rows[0];
}

test('11.2 a reservation that a batch names twice is written once, with the most of it, and waits for no counter', async () => {
  const held = await hold();
  const unknown = { tenantId: held.tenantId, reservationId: crypto.randomUUID() };
  const other = await database.pool.connect();
  try {
    await other.query('begin');
    await other.query('select from u00.usage_totals where tenant_id = $1 for update', [
      held.tenantId,
    ]);
    const known = await usage.begin([
      { ...held, amount: 3, expiresAt: null },
      { ...unknown, amount: 1, expiresAt: null },
      { ...held, amount: 7, expiresAt: later(20) },
      { ...held, amount: 5, expiresAt: later(15) },
    ]);
    expect(known).toEqual([true, false, true, true]);
  } finally {
    await other.query('rollback');
    other.release();
  }
  expect(await written(held.reservationId)).toEqual({ begun: 7, until: later(20) });
});

test('11.2 a batch that stands in another’s way is written again', async () => {
  const holds = [await hold(), await hold()].toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  const touch = ({ reservationId }: { reservationId: string }) =>
    other.query('update u00.usage_reservations set metadata = null where id = $1', [reservationId]);
  const other = await database.pool.connect();
  try {
    // The batch is to notice the deadlock first.
    await other.query(`begin; set local deadlock_timeout = '60s'`);
    await touch(holds[1]!);
    const begun = usage.begin(holds.map((one) => ({ ...one, amount: 2, expiresAt: null })));
    await expect.poll(() => waiting()).toBe(1);
    await touch(holds[0]!);
    await other.query('commit');
    expect(await begun).toEqual([true, true]);
  } finally {
    other.release();
  }
  for (const { reservationId } of holds) {
    expect(await written(reservationId)).toMatchObject({ begun: 2 });
  }
});

async function waiting(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]!.n;
}
