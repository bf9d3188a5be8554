import { afterAll, beforeAll, expect, test } from 'vitest';
import { meteredTenant } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../../usage/__tests__/service.ts';
import type { UsageService } from '../../../usage.service.ts';
import { mailCrossings } from '../crossings.ts';

let database: TestDatabase;
let usage: UsageService;
beforeAll(async () => {
  database = await createTestDatabase();
  usage = usageService(database, new HandClock('2026-05-10T12:00:00Z'));
});
afterAll(() => database.drop());

/** Somebody on free who has used 8 of 10 images; the owner reads `locale`. */
async function nearLimit(locale = 'en'): Promise<string> {
  const tenantId = await meteredTenant(database.pool);
  await database.pool.query(
    `update users set locale = $2, time_zone = 'Asia/Shanghai' where tenant_id = $1`,
    [tenantId, locale],
  );
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 8 });
  return tenantId;
}

async function mailsOf(tenantId: string) {
  const { rows } = await database.pool.query(
    `select kind, recipient, locale, time_zone, data, created_at from mail_outbox where tenant_id = $1`,
    [tenantId],
  );
  return rows;
}

async function isDue(tenantId: string): Promise<boolean> {
  const { rows } = await database.pool.query(
    'select from u00.usage_thresholds where tenant_id = $1 and mail_due',
    [tenantId],
  );
  return rows.length > 0;
}

test('11.1 a crossing is a row until its mail to the owner is in the outbox', async () => {
  const tenantId = await nearLimit('zh-CN');
  expect(await mailsOf(tenantId)).toEqual([]);
  await mailCrossings(database);
  expect(await mailsOf(tenantId)).toEqual([
    {
      kind: 'usage_threshold',
      recipient: `${tenantId}@example.com`,
      locale: 'zh-CN',
      time_zone: 'Asia/Shanghai',
      data: {
        ...{ name: 'Owner', resourceType: 'images', period: '2026-05', percent: 80 },
        ...{ used: 8, limit: 10 },
      },
      created_at: new Date('2026-05-10T12:00:00Z'),
    },
  ]);
  expect(await isDue(tenantId)).toBe(false);
});

const renamed = (table: string, from: string, to: string) =>
  `alter table ${table} rename column ${from} to ${to}`;
const hide = (table: string, column: string) =>
  [renamed(table, column, 'away'), renamed(table, 'away', column)] as const;
const refuseClosing = `
  create function refused() returns trigger language plpgsql as
    $$ begin raise exception 'refused'; end $$;
  create trigger refused before update on u00.usage_thresholds
    for each row execute function refused()`;

/** Each statement of it, refused: what was written before stays, and is not written again. */
test.each([
  ['the crossings cannot be read', hide('u00.usage_thresholds', 'mail_due'), 0],
  ['nobody can be looked up', hide('users', 'email'), 0],
  ['the outbox takes nothing', hide('mail_outbox', 'recipient'), 0],
  [
    'the mail is in and the crossing cannot be closed',
    [refuseClosing, 'drop function refused cascade'],
    1,
  ],
] as const)('11.1 when %s, it is one mail in the end', async (_what, [spoil, mend], meanwhile) => {
  const tenantId = await nearLimit();
  await database.pool.query(spoil);
  await expect(mailCrossings(database)).rejects.toThrow();
  await database.pool.query(mend);
  expect(await mailsOf(tenantId)).toHaveLength(meanwhile);
  expect(await isDue(tenantId)).toBe(true);
  await mailCrossings(database);
  expect(await mailsOf(tenantId)).toHaveLength(1);
  expect(await isDue(tenantId)).toBe(false);
});

test('11.1 three processes at once write one mail each crossing, however many there are', async () => {
  const tenants: string[] = [];
  for (let n = 0; n < 120; n += 1) tenants.push(await meteredTenant(database.pool));
  await Promise.all(
    tenants.map((tenantId) => usage.trackUsage({ tenantId, resourceType: 'images', amount: 10 })),
  );
  await Promise.all([1, 2, 3].map(() => mailCrossings(database)));
  const { rows } = await database.pool.query(
    `select count(*)::int as mails, count(distinct tenant_id)::int as tenants,
       min((data ->> 'percent')::int) as percent
     from mail_outbox where tenant_id = any($1)`,
    [tenants],
  );
  expect(rows).toEqual([{ mails: 120, tenants: 120, percent: 100 }]);
});

test('10.6 work that is reported late warns nobody of a month that is over', async () => {
  const tenantId = await meteredTenant(database.pool);
  const event = (amount: number, occurredAt: string) => ({
    ...{ tenantId, resourceType: 'images', amount, occurredAt, idempotencyKey: occurredAt },
  });
  await usage.ingestBatch([event(10, '2026-04-30T23:59:59Z')]);
  expect(await isDue(tenantId)).toBe(true);
  await mailCrossings(database);
  expect(await isDue(tenantId)).toBe(false);
  expect(await mailsOf(tenantId)).toEqual([]);
  await usage.ingestBatch([event(8, '2026-05-01T00:00:00Z')]);
  await mailCrossings(database);
  expect(await mailsOf(tenantId)).toMatchObject([{ data: { period: '2026-05', percent: 80 } }]);
});

test('11.1 nobody is left to tell: the crossing is closed', async () => {
  const tenantId = await nearLimit();
  await database.pool.query('delete from users where tenant_id = $1', [tenantId]);
  await mailCrossings(database);
  expect(await mailsOf(tenantId)).toEqual([]);
  expect(await isDue(tenantId)).toBe(false);
});
