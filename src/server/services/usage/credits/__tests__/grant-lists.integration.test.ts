import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeBuckets } from '../../../../../../tests/support/buckets.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { listBucketNumbers } from '../../../../../db/repositories/usage/buckets/placement.ts';
import { by, credits, grantsWorld } from './grants-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, 2);
});
afterAll(() => database.drop());
const world = () => grantsWorld(database);

test('12.2 of a hundred grants and more, those that end first are listed, and any one can be asked for', async () => {
  const { tenantId, usage, credits: service, give } = await world();
  const left = async (...originRefs: string[]) =>
    Object.fromEntries(await service.readLeft(tenantId, { origin: 'purchase', originRefs }));
  const first = await give('soon', 7, '2026-06-01T00:00:00Z', { origin: 'purchase' });
  for (let n = 0; n < 101; n += 1) await give(`g${n}`, 1);
  const { balance, grants } = await service.read(tenantId);
  expect(balance).toBe(credits(108));
  expect(grants).toHaveLength(100);
  expect(grants[0]).toMatchObject({ id: first.grant.id, left: credits(7) });
  await usage.reserve({ tenantId, resourceType: 'images', amount: 11, ttlSeconds: 60 });
  expect((await service.read(tenantId)).held).toBe(credits(2));
  await give('late', 3, '2027-01-01T00:00:00Z', { origin: 'purchase' });
  expect(await left('soon')).toEqual({ soon: credits(5) });
  await service.freeze({ tenantId, grantId: first.grant.id, ref: 'f', ...by });
  // Many at once, also one that is frozen, and none of another origin or of nothing at all.
  expect(await left('late', 'g1', 'soon', tenantId)).toEqual({
    ...{ soon: credits(5), late: credits(3) },
  });
  expect(await left()).toEqual({});
});

test('12.2 grants that wait are listed before those that are used up, also while nothing can be drawn', async () => {
  const { tenantId, credits: service, give } = await world();
  for (let n = 0; n < 101; n += 1) {
    const { grant } = await give(`g${n}`, 1);
    await service.revoke({ tenantId, grantId: grant.id, ref: `r${n}`, ...by });
  }
  await give('later', 3, '2026-08-01T00:00:00Z', {
    effectiveAt: new Date('2026-07-01T00:00:00Z'),
  });
  const { grants } = await service.read(tenantId);
  expect(grants[0]).toMatchObject({ state: 'scheduled' });
  // Of what is over the last ten.
  expect(grants.slice(1).map(({ state }) => state)).toEqual(Array(10).fill('revoked'));
});

test('12.2 more credits than one call may cost are not called spendable by one', async () => {
  const { tenantId, usage, credits: service, give } = await world();
  for (const ref of ['a', 'b']) await give(ref, 9_000_000);
  const { spendable } = await service.read(tenantId);
  const call = { tenantId, resourceType: 'images' as const };
  await expect(usage.trackUsage({ ...call, amount: spendable.images! + 1 })).rejects.toMatchObject({
    code: 'quota_exceeded',
  });
  expect(await usage.trackUsage({ ...call, amount: spendable.images! })).toMatchObject({
    status: 'recorded',
  });
});

test('12.2 the history comes by pages whose balances join, and as CSV', async () => {
  const { tenantId, credits: service, give } = await world();
  for (let n = 1; n <= 53; n += 1) await give(`g${n}`, n, '2027-01-01T00:00:00Z');
  const first = await service.readHistory(tenantId);
  const second = await service.readHistory(tenantId, first.nextCursor!);
  const all = [...first.movements, ...second.movements];
  expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: 53 }, (_, i) => 53 - i));
  expect(all.map(({ balance }) => balance)).toEqual(
    Array.from({ length: 53 }, (_, i) => credits(((53 - i) * (54 - i)) / 2)),
  );
  expect(second.nextCursor).toBeNull();
  for (const cursor of ['0', 'x', '-1', '9'.repeat(30)]) {
    await expect(service.readHistory(tenantId, cursor)).rejects.toThrow('cursor');
  }
  const lines = (await text(await service.historyCsv(tenantId))).trim().split('\n');
  expect(lines[0]).toBe(
    'seq,at,kind,grant_id,resource,units,credits_a_unit,credits,balance,reverses,model',
  );
  expect(lines[2]).toMatch(/^2,2026-05-10T12:00:00.000Z,granted,[-0-9a-f]{36},,0,,2,3,,$/);
});

test('12.2 credits move with their tenant from bucket to bucket, and the ref is still used', async () => {
  const { tenantId, credits: service, give } = await world();
  await give('a', 5);
  const before = [await service.read(tenantId), await service.readHistory(tenantId)];
  const { rows } = await database.pool.query<{ bucket: number }>(
    'select usage_bucket as bucket from tenants where id = $1',
    [tenantId],
  );
  const to = (await listBucketNumbers(database.pool)).find((one) => one !== rows[0]!.bucket)!;
  const client = await database.pool.connect();
  try {
    await moveTenant(client, tenantId, to);
  } finally {
    client.release();
  }
  expect([await service.read(tenantId), await service.readHistory(tenantId)]).toEqual(before);
  expect((await give('a', 5)).isNew).toBe(false);
});
