import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket, makeBuckets } from '../../../../../../tests/support/buckets.ts';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { isMigrated } from '../../../../../db/migrate.ts';
import { moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { UsageRouter } from '../router.ts';

const BUCKETS = 4;
let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.url);
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
});

test('11.2 while there is one bucket nothing is looked up; when there are more, all is found', async () => {
  const { directory } = new UsageRouter({ database });
  const tenantId = await meteredTenant(database.pool);
  await directory.refresh();
  if (process.env.BUCKETS === undefined) expect(directory.guess(tenantId)).toBe(0);
  await makeBuckets(database.url, BUCKETS);
  await moveTenant(client, tenantId, 3);
  await directory.refresh();
  expect(directory.guess(tenantId)).toBeUndefined();
  expect(await directory.lookUp(tenantId)).toBe(3);
  expect(directory.guess(tenantId)).toBe(3);
  directory.heard(`${tenantId} 2`);
  expect(directory.guess(tenantId)).toBe(2);
  // Who has heard nothing for a while, as when the main database is away, goes on asking where they were.
  await directory.refresh();
  expect(directory.guess(tenantId)).toBe(2);
  const usage = usageService(database, new HandClock('2026-05-10T12:00:00Z'));
  const call = { tenantId, resourceType: 'images' as const, amount: 1 };
  expect(await usage.trackUsage(call)).toMatchObject({ used: 1 });
});

test('11.2 new tenants come into every bucket that exists, and no other', async () => {
  await makeBuckets(database.url, BUCKETS);
  const { rows } = await database.pool.query<{ id: string; bucket: number }>(
    `insert into tenants (name) select 'New ' || n from generate_series(1, 200) n
     returning id, usage_bucket as bucket`,
  );
  expect(new Set(rows.map(({ bucket }) => bucket))).toEqual(new Set([0, 1, 2, 3]));
  const copies = await inEveryBucket<{ id: string; bucket: number }>(
    database.pool,
    `select tenant_id as id, substr('u00.', 2, 2)::int as bucket from u00.usage_tenants
     where tenant_id = any($1)`,
    [rows.map(({ id }) => id)],
  );
  const sorted = (all: typeof rows) => all.map(({ id, bucket }) => `${id} ${bucket}`).toSorted();
  expect(sorted(copies)).toEqual(sorted(rows));
});

test('11.2 ids of two buckets’ ledgers never meet, nor with those from before', async () => {
  await makeBuckets(database.url, BUCKETS);
  const rows = await inEveryBucket<{ id: string }>(
    database.pool,
    `select nextval('u00.usage_id_seq') as id`,
  );
  expect(rows.map(({ id }) => Number(BigInt(id) >> 56n))).toEqual([0, 1, 2, 3]);
});

test('11.2 a bucket that lacks a migration keeps the process from being ready', async () => {
  await makeBuckets(database.url, BUCKETS);
  expect(await isMigrated(database.pool)).toBe(true);
  await database.pool.query('delete from u03.bucket_migrations where name > $1', ['0014']);
  expect(await isMigrated(database.pool)).toBe(false);
});
