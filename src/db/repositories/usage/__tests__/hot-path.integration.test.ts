import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../domain/period.ts';
import { admitAll } from '../admission/admit-all.ts';
import { bucketOf } from '../bucket.ts';
import { withQueryTimeout } from '../hot-path.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase({ max: 1 });
});
afterAll(() => database.drop());

const connection = async () => {
  const { rows } = await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]!.pid;
};

test('11 a batch that is refused as a whole, or for a key, keeps its connection and what is prepared on it', async () => {
  const now = new Date('2026-05-10T12:00:00Z');
  const tenantId = await tenantInBucket(database.pool, 0);
  const bucket = bucketOf(withQueryTimeout(database.pool, 5_000));
  const call = {
    ...{ tenantId, resourceType: 'images' as const, amount: 6, enforce: true, key: 'a' },
    ...{ fingerprint: 1, metadata: null, reservationId: null, expiresAt: null },
  };
  const admit = (key: string) =>
    admitAll(bucket, {
      ...{ period: periodOf(now), occurredAt: now, now },
      calls: [{ ...call, key }],
    });
  const before = await connection();
  const outcomes = [];
  // Not open, the first of its day, a key that answered before, no room.
  for (const key of ['a', 'a', 'b']) outcomes.push((await admit(key))[0]);
  expect(outcomes).toMatchObject([
    { outcome: 'accepted' },
    { outcome: 'repeat_of_accepted' },
    { outcome: 'rejected' },
  ]);
  expect(await connection()).toBe(before);
});

test('11 a connection that broke, or left a statement unanswered, is given up', async () => {
  const asks = withQueryTimeout(database.pool, 200);
  const before = await connection();
  const ask = (text: string) => asks.query({ text });
  await expect(ask('select pg_terminate_backend(pg_backend_pid())')).rejects.toThrow();
  const next = await connection();
  expect(next).not.toBe(before);
  await expect(ask('select pg_sleep(5)')).rejects.toThrow('Query read timeout');
  expect(await connection()).not.toBe(next);
});
