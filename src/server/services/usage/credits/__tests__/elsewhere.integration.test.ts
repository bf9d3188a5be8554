import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tenantInBucket } from '../../../../../../tests/support/metered-tenant.ts';
import {
  makeBucketThere,
  startSecondServer,
  type SecondServer,
} from '../../../../../../tests/support/second-server.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

/** The bucket that lies on the other server, which has none of the main tables. */
const THERE = 40;
const actor = { kind: 'system', task: 'test' } as const;
const IMAGES = { resourceType: 'images' as const };

let database: TestDatabase;
let second: SecondServer;
const clock = new HandClock('2026-05-10T12:00:00Z');
beforeAll(async () => {
  database = await createTestDatabase();
  second = await startSecondServer(database.url);
  await makeBucketThere(database.url, THERE, second.node);
});
afterAll(async () => {
  await database?.drop();
  await second?.remove();
});

/** A new tenant whose metering lies there. */
const tenantThere = () => tenantInBucket(database.pool, THERE);

test('12.2 credits of a tenant there are granted once, drawn and taken back', async () => {
  const tenantId = await tenantThere();
  const usage = usageService(database, clock);
  const grant = { tenantId, origin: 'goodwill', originRef: 'a', actor, reason: 'a test' } as const;
  const more = { amountMicro: 6_000_000, expiresAt: new Date('2027-01-01T00:00:00Z') };
  await usage.trackUsage({ tenantId, ...IMAGES, amount: 10 });
  expect((await usage.credits.grant({ ...grant, ...more })).isNew).toBe(true);
  expect((await usage.credits.grant({ ...grant, ...more })).isNew).toBe(false);
  await usage.trackUsage({ tenantId, ...IMAGES, amount: 2 });
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 2_000_000 });
  expect(await usage.credits.revoke({ ...grant, ref: 'r' })).toMatchObject({
    ...{ revokedMicro: 2_000_000, shortfallMicro: 4_000_000 },
  });
  await expect(usage.trackUsage({ tenantId, ...IMAGES, amount: 1 })).rejects.toThrow('Quota');
  await usage.stop();
});

test('11.4 a member’s limit there holds from the first call on, before anybody else told the bucket', async () => {
  const tenantId = await tenantThere();
  const usage = usageService(database, clock);
  await database.db.transaction((tx) =>
    usage.memberLimits.set(tx, { tenantId, memberId: 'ada', limits: { images: 2 } }),
  );
  const use = (amount: number, userId: string) =>
    usage.trackUsage({ tenantId, ...IMAGES, amount, metadata: { userId } });
  await expect(use(3, 'ada')).rejects.toMatchObject({ code: 'member_limit' });
  await use(3, 'bob');
  await use(2, 'ada');
  expect(await usage.memberLimits.list(tenantId)).toMatchObject([{ used: 2, limit: 2 }]);
  const { rows } = await database.pool.query('select from metering_copies where tenant_id = $1', [
    tenantId,
  ]);
  expect(rows).toEqual([]);
  await usage.stop();
});

test('12.2 credits there: frozen, let go, with an end that moved; each change in our audit log', async () => {
  const tenantId = await tenantThere();
  const usage = usageService(database, clock);
  const name = { tenantId, origin: 'goodwill', originRef: 'a', actor, reason: 'a test' } as const;
  const expiresAt = new Date(clock.now().getTime() + 86_400_000);
  await usage.credits.grant({ ...name, amountMicro: 6_000_000, expiresAt });
  expect(await usage.credits.freeze({ ...name, ref: 'f' })).toBe(true);
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 0 });
  expect(await usage.credits.unfreeze({ ...name, ref: 'f', extendBy: 1_000 })).toBe(true);
  expect(await usage.credits.unfreeze({ ...name, ref: 'f', extendBy: 1_000 })).toBe(false);
  expect((await usage.credits.read(tenantId)).grants).toMatchObject([
    { left: 6_000_000, expiresAt: new Date(expiresAt.getTime() + 1_000).toISOString() },
  ]);
  expect(await actionsOf(tenantId)).toEqual([
    ...['credits.granted', 'credits.frozen', 'credits.unfrozen'],
  ]);
  await usage.stop();
});

test('12.2 a change of credits there that was cut short before its audit entry gets it by the repeat, once', async () => {
  const tenantId = await tenantThere();
  const usage = usageService(database, clock);
  const name = { tenantId, origin: 'goodwill', originRef: 'a', actor, reason: 'a test' } as const;
  const more = { amountMicro: 6_000_000, expiresAt: new Date('2027-01-01T00:00:00Z') };
  const changes = [
    () => usage.credits.grant({ ...name, ...more }),
    () => usage.credits.freeze({ ...name, ref: 'r' }),
    () => usage.credits.revoke({ ...name, ref: 'r' }),
  ];
  for (const change of changes) {
    // As when the process dies after the other server's commit.
    await database.pool.query(
      `alter table audit_log add constraint none check (action not like 'credits.%') not valid`,
    );
    await expect(change()).rejects.toThrow();
    await database.pool.query('alter table audit_log drop constraint none');
    await change();
    await change();
  }
  expect((await usage.credits.readHistory(tenantId)).movements.map(({ kind }) => kind)).toEqual([
    ...['revoked', 'granted'],
  ]);
  expect(await actionsOf(tenantId)).toEqual([
    ...['credits.granted', 'credits.frozen', 'credits.revoked'],
  ]);
  await usage.stop();
});

test('12.2 while the other server is away a change of credits says so, and is made once afterwards', async () => {
  const tenantId = await tenantThere();
  const usage = usageService(database, clock, { answerWithinMs: 2_000 });
  const name = { tenantId, origin: 'goodwill', originRef: 'a', actor, reason: 'a test' } as const;
  const more = { amountMicro: 6_000_000, expiresAt: new Date('2027-01-01T00:00:00Z') };
  await second.stop();
  for (const change of [
    () => usage.credits.grant({ ...name, ...more }),
    () => usage.credits.revoke({ ...name, ref: 'r' }),
    () => usage.credits.freeze({ ...name, ref: 'f' }),
  ]) {
    await expect(change()).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringContaining('with the same ref') as string,
    });
  }
  await second.start();
  await vi.waitFor(() => usage.credits.grant({ ...name, ...more }), 60_000);
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 6_000_000 });
  expect(await actionsOf(tenantId)).toEqual(['credits.granted']);
  await usage.stop();
});

async function actionsOf(tenantId: string): Promise<unknown[]> {
  const { rows } = await database.pool.query<{ action: string }>(
    'select action from audit_log where tenant_id = $1 order by id',
    [tenantId],
  );
  return rows.map(({ action }) => action);
}
