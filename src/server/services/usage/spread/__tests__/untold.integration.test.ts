import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket, makeBuckets } from '../../../../../../tests/support/buckets.ts';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { moveTenant } from '../../../../../db/repositories/usage/buckets/move.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

const BUCKETS = 3;
const clock = new HandClock('2026-05-10T12:00:00Z');

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await makeBuckets(database.url, BUCKETS);
});
afterAll(() => database?.drop());

const knownIn = async (tenantId: string) => {
  const rows = await inEveryBucket<{ schema: string; plan: string }>(
    database.pool,
    `select substr('u00.', 1, 3) as schema, plan from u00.usage_tenants where tenant_id = $1`,
    [tenantId],
  );
  return rows.map(({ schema, plan }) => `${schema} ${plan}`);
};

/** As on another server, in the instants until a new tenant, or another plan, is told there. */
async function untell(tenantId: string, isKnown: boolean): Promise<void> {
  if (!isKnown) {
    const remove = 'delete from u00.usage_tenants where tenant_id = $1';
    await inEveryBucket(database.pool, remove, [tenantId]);
  } else {
    await database.pool.query(`update tenants set plan = 'pro' where id = $1`, [tenantId]);
    const put = `update u00.usage_tenants set plan = 'free', limits = '{}', version = 1 where tenant_id = $1`;
    await inEveryBucket(database.pool, put, [tenantId]);
  }
  await database.pool.query(
    `insert into metering_copies (tenant_id, version)
     select id, entitlement_version from tenants where id = $1 on conflict do nothing`,
    [tenantId],
  );
}

for (const isKnown of [false, true]) {
  test.each([0, 1, 2])(
    `11.2 who is moved before bucket %i was told of ${isKnown ? 'another plan' : 'it'} is known in the other as it is`,
    async (from) => {
      const usage = usageService(database, clock);
      const tenantId = await tenantInBucket(database.pool, from);
      await untell(tenantId, isKnown);
      const to = (from + 1) % BUCKETS;
      const mover = await database.pool.connect();
      await moveTenant(mover, tenantId, to);
      mover.release();

      expect(await knownIn(tenantId)).toEqual([`u0${to} ${isKnown ? 'pro' : 'free'}`]);
      const untold = 'select from metering_copies where tenant_id = $1';
      expect((await database.pool.query(untold, [tenantId])).rows).toEqual([]);
      await usage.credits.grant({
        ...{ tenantId, amountMicro: 1_000_000, expiresAt: new Date('2027-01-01T00:00:00Z') },
        ...{ origin: 'goodwill', originRef: 'a', reason: 'a test' },
        actor: { kind: 'system', task: 'test' },
      });
      const call = { tenantId, resourceType: 'images', amount: 1 } as const;
      expect(await usage.trackUsage(call)).toMatchObject({ status: 'recorded', used: 1 });
      await usage.stop();
    },
  );
}
