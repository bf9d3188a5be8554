import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { databaseCode } from '../../../../database-error.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { admitBatch, PERIOD_NOT_OPEN, type AdmissionBatch } from '../admit.ts';
import { admitAll } from '../admit-all.ts';
import { bucketOf } from '../../bucket.ts';
import { openPeriod } from '../../periods.ts';
import type { Queryable } from '../../hot-path.ts';

const now = new Date('2026-05-10T12:00:00Z');
let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());

test.each([1, 2, 3])(
  '11.2 a key that comes three times is recorded by the first, also when statement %i is a deadlock’s victim',
  async (victim) => {
    const tenantId = await tenantInBucket(database.pool, 0);
    await openPeriod(bucketOf(database.pool), periodOf(now), [tenantId]);
    let asked = 0;
    const ends: Queryable = {
      async query(config) {
        asked += 1;
        if (asked !== victim) return database.pool.query(config);
        throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      },
    };
    const batch = batchOf([tenantId, tenantId, tenantId]);
    expect(await admitAll(bucketOf(ends), batch, 'careful')).toMatchObject([
      { outcome: 'accepted', used: 1 },
      { outcome: 'repeat_of_accepted', used: 1 },
      { outcome: 'repeat_of_accepted', used: 1 },
    ]);
    expect(asked).toBe(4);
  },
);

test('11.2 a batch that looks for its keys stands across no other, also where a tenant has no counters', async () => {
  const tenantIds = [
    await tenantInBucket(database.pool, 0),
    await tenantInBucket(database.pool, 0),
  ].toSorted();
  const present = tenantIds[1]!;
  await openPeriod(bucketOf(database.pool), periodOf(now), [present]);
  const admit = (careful: boolean) =>
    admitBatch(bucketOf(database.pool), batchOf(tenantIds), careful).catch(databaseCode);
  const other = await database.pool.connect();
  try {
    await other.query('begin');
    await other.query('select from u00.usage_totals where tenant_id = $1 for update', [present]);
    const careful = admit(true);
    await expect.poll(() => waiting()).toBe(1);
    const plain = admit(false);
    await expect.poll(() => waiting()).toBe(2);
    await other.query('commit');
    expect(await Promise.all([careful, plain])).toEqual([PERIOD_NOT_OPEN, PERIOD_NOT_OPEN]);
  } finally {
    other.release();
  }
});

/** A call of one image for each of them, all with one key. */
function batchOf(tenantIds: readonly string[]): AdmissionBatch {
  const calls = tenantIds.map((tenantId) => ({
    ...{ tenantId, resourceType: 'images' as const, amount: 1, enforce: true, key: 'k' },
    ...{ fingerprint: 1, metadata: null, reservationId: null, expiresAt: null },
  }));
  return { period: periodOf(now), occurredAt: now, now, calls };
}

async function waiting(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]!.n;
}
