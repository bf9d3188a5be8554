import { afterAll, beforeAll, expect, test } from 'vitest';
import { meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import { foldBusinessChanges } from '../../../../db/repositories/operators/business-months.repository.ts';
import { createLog } from '../../../log.ts';
import { HandClock } from '../../usage/__tests__/service.ts';
import { verifyBusiness } from '../verify-business.ts';

let database: TestDatabase;
const clock = new HandClock('2026-05-10T03:37:00Z');
const verify = (rebuild = false) =>
  verifyBusiness({ db: database.db, clock, log: createLog('silent', false) }, { rebuild });

const sql = async (text: string, values: unknown[] = []) =>
  (await database.pool.query<Record<string, unknown>>(text, values)).rows;

async function pay(tenantId: string, id: string, minor: number): Promise<void> {
  await sql(
    `insert into payments (tenant_id, stripe_invoice_id, stripe_customer_id, status, amount_due_minor,
       amount_paid_minor, tax_minor, currency, paid_at, attempt_count, synced_at)
     values ($1, $2, 'cus_1', 'paid', $3::bigint, $3, $3::bigint / 10, 'cny', '2026-04-02T10:00:00Z', 1, now())`,
    [tenantId, id, minor],
  );
}

beforeAll(async () => {
  database = await createTestDatabase();
  const tenantId = await meteredTenant(database.pool, 'pro');
  await pay(tenantId, 'in_1', 2_900);
  await pay(tenantId, 'in_2', 9_900);
  await sql(
    `insert into refunds (tenant_id, stripe_refund_id, amount_minor, currency, status, created_at, synced_at)
     values ($1, 're_1', 900, 'cny', 'succeeded', '2026-05-01T00:00:00Z', now())`,
    [tenantId],
  );
  await sql(
    `insert into mrr_movements (tenant_id, at, kind, currency, before_minor, after_minor)
     values ($1, '2026-04-02T10:00:00Z', 'new', 'cny', 0, 2900)`,
    [tenantId],
  );
  await foldBusinessChanges(database.db);
  // One that stands beside the sums still.
  await pay(tenantId, 'in_3', 100);
});
afterAll(() => database?.drop());

const openAlerts = () =>
  sql(
    `select subject_id, message, details from alerts
     where kind = 'business_differs' and resolved_at is null`,
  );

/** What is planted, and what is found: month, name, what is kept, what the rows come to. */
const PLANTED: [string, string, [string, string, [number, number], [number, number]][]][] = [
  [
    'changes that were lost before they were put together',
    `delete from business_changes where name in ('paid', 'tax')`,
    [
      ['2026-04', 'paid', [12_800, 2], [12_900, 3]],
      ['2026-04', 'tax', [1_280, 2], [1_290, 3]],
    ],
  ],
  [
    'a sum that somebody changed',
    `update business_months set minor = minor + 1 where name = 'paid'`,
    [['2026-04', 'paid', [12_901, 3], [12_900, 3]]],
  ],
  [
    'a number of rows that somebody changed',
    `update business_months set count = count - 1 where name = 'tax'`,
    [['2026-04', 'tax', [1_290, 2], [1_290, 3]]],
  ],
  [
    'a sum that is not there',
    `delete from business_months where name = 'refunded'`,
    [['2026-05', 'refunded', [0, 0], [900, 1]]],
  ],
  [
    'a sum of nothing',
    `insert into business_months (month, currency, name, minor, count) values ('2025-01', 'usd', 'churn', -5, 1)`,
    [['2025-01', 'churn', [-5, 1], [0, 0]]],
  ],
  [
    'a row written while no trigger was asked',
    `alter table mrr_movements disable trigger mrr_movements_business;
     update mrr_movements set after_minor = 5000 where kind = 'new';
     alter table mrr_movements enable trigger mrr_movements_business`,
    [['2026-04', 'new', [2_900, 1], [5_000, 1]]],
  ],
];

test('14 sums that are what their rows come to differ nowhere, and nobody is told', async () => {
  expect(await verify()).toEqual({ differences: [], rebuilt: 0 });
  expect(await openAlerts()).toEqual([]);
});

test.each(PLANTED)('14 the nightly verification finds %s', async (_what, plant, wanted) => {
  await sql(plant);
  const { differences, rebuilt } = await verify();
  const told = differences.map(({ month, name, minor, count, ought }) => [
    ...[month, name, [minor, count]],
    [ought.minor, ought.count],
  ]);
  expect({ told, rebuilt }).toEqual({ told: wanted, rebuilt: 0 });
  expect(await openAlerts()).toMatchObject([
    {
      subject_id: 'business_months',
      message: `Business sums by month that are not what payments, refunds and movements come to: ${wanted.length}.`,
      details: { differences: wanted.map(([month, name]) => ({ month, name })) },
    },
  ]);
  // The rows are right: the sums follow, once, and the alert closes.
  expect((await verify(true)).rebuilt).toBe(wanted.length);
  expect(await verify(true)).toEqual({ differences: [], rebuilt: 0 });
  expect(await openAlerts()).toEqual([]);
  await foldBusinessChanges(database.db);
  expect((await verify()).differences).toEqual([]);
});

test('14 two that mend at once add what lacks once', async () => {
  await sql(`update business_months set minor = minor - 700 where name = 'paid'`);
  const both = await Promise.all([verify(true), verify(true), foldBusinessChanges(database.db)]);
  expect(both.slice(0, 2).reduce((sum, one) => sum + (one?.rebuilt ?? 0), 0)).toBe(1);
  expect((await verify()).differences).toEqual([]);
});
