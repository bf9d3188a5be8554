import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../../domain/period.ts';
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
    const call = {
      ...{ tenantId, resourceType: 'images' as const, amount: 1, enforce: true, key: 'k' },
      ...{ fingerprint: 1, metadata: null, reservationId: null, expiresAt: null },
    };
    const batch = { period: periodOf(now), occurredAt: now, now, calls: [call, call, call] };
    expect(await admitAll(bucketOf(ends), batch, 'careful')).toMatchObject([
      { outcome: 'accepted', used: 1 },
      { outcome: 'repeat_of_accepted', used: 1 },
      { outcome: 'repeat_of_accepted', used: 1 },
    ]);
    expect(asked).toBe(4);
  },
);
