import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../tests/support/metered-tenant.ts';
import { createTestDatabase, type TestDatabase } from '../../../tests/support/test-database.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import { migrateBucket } from '../buckets.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const client = await database.pool.connect();
  await client.query('begin');
  await migrateBucket(client, 'u01');
  await client.query('commit');
  client.release();
});
afterAll(() => database.drop());

const ask = async (text: string, values: unknown[] = []) =>
  (await database.pool.query<Record<string, unknown>>(text, values)).rows;

test('11.1 counters come in the order of the calls: the types stand in one order on both sides', async () => {
  expect(await ask('select unnest(enum_range(null::u00.resource_type))::text as type')).toEqual(
    RESOURCE_TYPES.map((type) => ({ type })),
  );
});

test('11.1 two buckets keep the same tenant and month apart, each in a partition of its own', async () => {
  const tenant = randomUUID();
  for (const [bucket, limit] of [
    ['u00', 10],
    ['u01', 20],
  ] as const) {
    await ask(
      `select ${bucket}.usage_put_tenant($1, 1, 'x', $2, null, null, null, null, null, '{}')`,
      [...[tenant, { images: limit }]],
    );
    await ask(`select ${bucket}.usage_ensure_partition('2026-05')`);
    await ask(`select ${bucket}.usage_open('2026-05', array[$1::uuid])`, [tenant]);
    await ask(
      `select ${bucket}.usage_correct($1, '2026-05', 'images', $2, 'a', 'b', now(), now())`,
      [tenant, limit / 10],
    );
  }
  expect(
    await ask(
      `select tableoid::regclass::text as partition, amount::int from u00.usage where tenant_id = $1
       union all select tableoid::regclass::text, amount::int from u01.usage where tenant_id = $1`,
      [tenant],
    ),
  ).toEqual([
    { partition: 'u00.usage_2026_05', amount: 1 },
    { partition: 'u01.usage_2026_05', amount: 2 },
  ]);
  expect(
    await ask('select "limit"::int from u01.usage_totals where tenant_id = $1', [tenant]),
  ).toEqual([{ limit: 20 }]);
});

test('11.1 many who make a partition at once make one', async () => {
  const makers = Array.from({ length: 10 }, () =>
    ask(`select u01.usage_ensure_partition('2026-07')`),
  );
  await Promise.all(makers);
  expect(
    await ask(`select count(*)::int as n from pg_inherits where inhparent = 'u01.usage'::regclass
               and inhrelid::regclass::text like '%2026_07'`),
  ).toEqual([{ n: 1 }]);
});

test.each([
  ['a newer word counts', 5, 200],
  ['the same once more changes nothing', 4, 100],
  ['an older one that comes late changes nothing', 3, 100],
])('11.1 what a tenant may use is told with its version: %s', async (_what, version, limit) => {
  const tenant = randomUUID();
  const put = (number: number, images: number) =>
    ask(`select u00.usage_put_tenant($1, $2, 'x', $3, null, null, null, null, null, '{}')`, [
      ...[tenant, number, { images }],
    ]);
  await put(4, 100);
  await ask(`select u00.usage_open('2026-05', array[$1::uuid])`, [tenant]);
  await put(version, 200);
  expect(
    await ask('select "limit"::int from u00.usage_totals where tenant_id = $1', [tenant]),
  ).toEqual([{ limit }]);
});

test('11.1 a tenant’s row counts the changes of what it may use, and only those', async () => {
  const id = await tenantInBucket(database.pool, 0);
  const versions = async () => {
    const [row] = await ask(
      `select t.entitlement_version::int as main, u.version::int as bucket, u.plan,
         u.deleted_at is not null as deleted
       from tenants t join u00.usage_tenants u on u.tenant_id = t.id where t.id = $1`,
      [id],
    );
    return row;
  };
  const change = (what: string) => ask(`update tenants set ${what} where id = $1`, [id]);
  expect(await versions()).toEqual({ main: 1, bucket: 1, plan: 'free', deleted: false });
  await change(`name = 'B', plan = 'free'`);
  expect(await versions()).toEqual({ main: 1, bucket: 1, plan: 'free', deleted: false });
  await change(`plan = 'team'`);
  await change(`deleted_at = now()`);
  expect(await versions()).toEqual({ main: 3, bucket: 3, plan: 'team', deleted: true });
});

test('11.1 a catalogue that changes reaches the running months of those who have the plan', async () => {
  const ids: string[] = [];
  for (const values of [
    ['pro', 'pro', null, null, null],
    ['team', 'team', null, null, null],
    ['between', 'team', 'pro', '2026-05-01', '2026-05-16 12:00'],
  ]) {
    const id = await tenantInBucket(database.pool, 0);
    await ask(
      `update tenants set name = $2, plan = $3, base_plan = $4, share_from = $5, share_until = $6
       where id = $1`,
      [id, ...values],
    );
    ids.push(id);
  }
  for (const period of ['2026-04', '2026-05'])
    await ask('select u00.usage_open($1, $2)', [period, ids]);
  const limits = () =>
    ask(
      `select t.name, u.period, u."limit"::int from u00.usage_totals u join tenants t on t.id = u.tenant_id
       where u.tenant_id = any($1) and resource_type = 'images' order by 1, 2`,
      [ids],
    );
  const publish = (plan: string, images: number) =>
    ask(
      `insert into plan_versions (plan, version, name, features, limits, published_at)
       select plan, 2, name, features, limits || jsonb_build_object('images', $2::int), now()
       from plan_versions where plan = $1 and version = 1`,
      [plan, images],
    );
  await publish('pro', 1000);
  await publish('team', 3000);
  await ask('update tenants set entitlement_version = entitlement_version + 1 where id = any($1)', [
    ids,
  ]);
  // Half of May is paid for the higher plan; April is over and stays.
  expect(await limits()).toEqual([
    { name: 'between', period: '2026-04', limit: 500 },
    { name: 'between', period: '2026-05', limit: 2000 },
    { name: 'pro', period: '2026-04', limit: 500 },
    { name: 'pro', period: '2026-05', limit: 1000 },
    { name: 'team', period: '2026-04', limit: 5000 },
    { name: 'team', period: '2026-05', limit: 3000 },
  ]);
});
