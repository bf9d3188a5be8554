import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { admitAll } from '../../admission/admit-all.ts';
import { bucketOf } from '../../bucket.ts';
import { openPeriod } from '../../periods.ts';

const now = new Date('2026-05-10T12:00:00Z');
const period = periodOf(now);
let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());

/** Pictures cost a credit each from the first on; `credits` are granted, and without any nobody has an account. */
async function beyond(credits: number): Promise<string> {
  const { pool } = database;
  const tenantId = await tenantInBucket(pool, 0);
  await openPeriod(bucketOf(pool), period, [tenantId]);
  await pool.query(
    `update u00.usage_totals set "limit" = 0, rate_micro = 1000000
     where tenant_id = $1 and resource_type = 'images'`,
    [tenantId],
  );
  if (credits > 0) {
    await pool.query(
      `select u00.credit_grant($1, gen_random_uuid(), 'goodwill', 'test', 0::smallint, $2, $3,
         $3::timestamptz + interval '1 year', 'test', 'test', $3)`,
      [tenantId, credits * 1_000_000, now],
    );
  }
  return tenantId;
}

const pictures = (tenantId: string, amount: number) => ({
  ...{ tenantId, resourceType: 'images' as const, amount, enforce: true, key: null },
  ...{ fingerprint: 0, metadata: null, reservationId: null, expiresAt: null },
});

function admit(calls: ReturnType<typeof pictures>[]) {
  const batch = { period, occurredAt: now, now, calls };
  return admitAll(bucketOf(database.pool), batch, 'drawn');
}

test('12.2 calls that one grant pays are drawn in their order', async () => {
  const [one, other] = [await beyond(100), await beyond(100)];
  const calls = [
    pictures(one, 1),
    pictures(other, 2),
    pictures(one, 3),
    pictures(one, 4),
    pictures(other, 5),
  ];
  const accepted = { outcome: 'accepted' };
  expect(await admit(calls)).toMatchObject(calls.map(() => accepted));
  expect(await admit([pictures(one, 6)])).toMatchObject([accepted]);
  for (const [tenantId, units] of [
    [one, [1, 3, 4, 6]],
    [other, [2, 5]],
  ] as const) {
    const { rows } = await database.pool.query(
      `select d.seq::int, d.units::int, u.amount::int
       from u00.credit_draws d join u00.usage u on u.tenant_id = d.tenant_id and u.draw_seq = d.seq
       where d.tenant_id = $1 and d.kind = 'grant' order by d.seq`,
      [tenantId],
    );
    // The grant itself is the account's first movement.
    const expected = units.map((n, at) => ({ seq: at + 2, units: n, amount: n }));
    expect(rows).toEqual(expected);
  }
});

test('12.2 who has no account is refused and gets none, and others of the batch are paid', async () => {
  const [paying, without] = [await beyond(100), await beyond(0)];
  expect(await admit([pictures(paying, 7), pictures(without, 1)])).toMatchObject([
    { outcome: 'accepted', used: 7 },
    { outcome: 'rejected' },
  ]);
  const { rows } = await database.pool.query(
    `select a.tenant_id, a.head_left::int, t.used::int
     from u00.usage_totals t left join u00.credit_accounts a using (tenant_id)
     where t.tenant_id = any($1) and t.resource_type = 'images' order by t.used desc`,
    [[paying, without]],
  );
  expect(rows).toEqual([
    { tenant_id: paying, head_left: 93_000_000, used: 7 },
    { tenant_id: null, head_left: null, used: 0 },
  ]);
});
