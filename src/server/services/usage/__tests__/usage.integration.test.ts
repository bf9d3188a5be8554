import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import { putOnPlan } from '../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { TenantId } from '../../../../domain/ids.ts';
import { mailCrossings } from '../../mail/from-buckets/crossings.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase()));
afterAll(() => database.drop());
afterEach(async () => expect(await imbalances(database.pool)).toEqual([]));

const clock = new HandClock('2026-05-10T12:00:00Z');
const service = () => usageService(database, clock);
const user = { kind: 'system', task: 'test' } as const;

const ofTenant = (id: string, query: string) => inEveryBucket(database.pool, query, [id]);

async function recordedMails(tenantId: string) {
  await mailCrossings(database);
  const { rows } = await database.pool.query<{ subject_id: string; percent: number }>(
    `select data ->> 'resourceType' as resource, (data ->> 'percent')::int as percent
     from mail_outbox where tenant_id = $1 and kind = 'usage_threshold' order by created_at, percent`,
    [tenantId],
  );
  return rows;
}

describe('a limit', () => {
  test('50 calls at once on 10 messages left: exactly 10 are recorded', async () => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    await usage.trackUsage({ tenantId, resourceType: 'messages', amount: 90 });
    const calls = await Promise.allSettled(
      Array.from({ length: 50 }, () =>
        usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 }),
      ),
    );
    const refused = calls.filter((call) => call.status === 'rejected');
    expect(refused).toHaveLength(40);
    expect(refused[0]!.reason).toMatchObject({
      code: 'quota_exceeded',
      data: {
        resource: 'messages',
        limit: 100,
        used: 100,
        resetsAt: '2026-06-01T00:00:00.000Z',
        plans: ['pro', 'team'],
      },
    });
    expect(await usage.checkQuota(tenantId, 'messages')).toMatchObject({
      allowed: false,
      used: 100,
      remaining: 0,
    });
  });

  test('a large call that does not fit does not block a small one behind it', async () => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    const amounts = [6, 7, 3, 2, 1];
    const calls = await Promise.allSettled(
      amounts.map((amount) => usage.trackUsage({ tenantId, resourceType: 'images', amount })),
    );
    expect(calls.map((call) => call.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(calls.at(-1)).toMatchObject({ value: { used: 10, remaining: 0 } });
  });

  test('a plan change counts from its commit on, in every process, and resets nothing', async () => {
    const [one, other] = [service(), service()];
    const tenantId = await meteredTenant(database.pool);
    await one.trackUsage({ tenantId, resourceType: 'images', amount: 10 });
    await expect(
      other.trackUsage({ tenantId, resourceType: 'images', amount: 1 }),
    ).rejects.toMatchObject({ code: 'quota_exceeded' });

    await putOnPlan(database, tenantId, 'pro');
    expect(await other.trackUsage({ tenantId, resourceType: 'images', amount: 90 })).toMatchObject({
      used: 100,
      limit: 500,
      remaining: 400,
    });

    await putOnPlan(database, tenantId, 'free');
    await expect(
      one.trackUsage({ tenantId, resourceType: 'images', amount: 1 }),
    ).rejects.toMatchObject({ data: { used: 100, limit: 10 } });
    const { resources } = await one.getUsageStats(tenantId);
    expect(resources.find((r) => r.resourceType === 'images')).toMatchObject({
      used: 100,
      limit: 10,
      remaining: 0,
      percent: 1000,
      level: 'exceeded',
    });
  });

  test('a resource that the plan does not include takes nothing', async () => {
    const tenantId = await meteredTenant(database.pool);
    await expect(
      service().trackUsage({ tenantId, resourceType: 'api_calls', amount: 1 }),
    ).rejects.toMatchObject({ code: 'quota_exceeded', data: { limit: 0 } });
  });

  test('with enforce off it is recorded beyond the limit, in full', async () => {
    const tenantId = await meteredTenant(database.pool);
    const recorded = await service().trackUsage({
      tenantId,
      resourceType: 'images',
      amount: 25,
      enforce: false,
    });
    expect(recorded).toEqual({ status: 'recorded', used: 25, limit: 10, remaining: 0 });
  });
});

describe('an idempotency key', () => {
  test('answers as the first time, for ever, also what was rejected and in a later month', async () => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    const call = { tenantId, resourceType: 'images', amount: 6, idempotencyKey: 'k1' } as const;
    const first = await usage.trackUsage(call);
    expect(first).toEqual({ status: 'recorded', used: 6, limit: 10, remaining: 4 });
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
    expect(await usage.trackUsage(call)).toEqual({ ...first, status: 'duplicate' });

    const refused = { ...call, idempotencyKey: 'k2' };
    await expect(usage.trackUsage(refused)).rejects.toMatchObject({ data: { used: 7 } });
    await putOnPlan(database, tenantId, 'team');
    await expect(usage.trackUsage(refused)).rejects.toMatchObject({ data: { used: 7, limit: 10 } });

    const later = usageService(database, new HandClock('2027-01-15T00:00:00Z'));
    expect(await later.trackUsage(call)).toEqual({ ...first, status: 'duplicate' });
  });

  test.each([
    ['another amount', { amount: 2 }],
    ['another resource', { resourceType: 'images' as const }],
    ['other metadata', { metadata: { a: 2 } }],
    ['enforce off', { enforce: false }],
  ])('with %s is a conflict, and nothing is counted', async (_, change) => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    const call = {
      tenantId,
      resourceType: 'messages' as const,
      amount: 1,
      idempotencyKey: 'same',
      metadata: { a: 1, b: { c: [1, 2] } },
    };
    await usage.trackUsage(call);
    const reordered = { ...call, metadata: { b: { c: [1, 2] }, a: 1 } };
    expect(await usage.trackUsage(reordered)).toMatchObject({ status: 'duplicate' });
    await expect(usage.trackUsage({ ...call, ...change })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });

  test('used by 30 callers in three processes at once counts once', async () => {
    const services = [service(), service(), service()];
    const tenantId = await meteredTenant(database.pool);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        services[i % 3]!.trackUsage({
          tenantId,
          resourceType: 'messages',
          amount: 5,
          idempotencyKey: 'race',
        }),
      ),
    );
    expect(answers.filter((answer) => answer.status === 'recorded')).toHaveLength(1);
    expect(new Set(answers.map((answer) => answer.used))).toEqual(new Set([5]));
  });

  test('used for two resources at once counts for one of them', async () => {
    const services = [service(), service()];
    const tenantId = await meteredTenant(database.pool);
    const calls = await Promise.allSettled(
      (['messages', 'images'] as const).map((resourceType, i) =>
        services[i]!.trackUsage({ tenantId, resourceType, amount: 1, idempotencyKey: 'two' }),
      ),
    );
    expect(calls.filter((call) => call.status === 'fulfilled')).toHaveLength(1);
    expect(calls.find((call) => call.status === 'rejected')).toMatchObject({
      reason: { code: 'idempotency_conflict' },
    });
  });
});

describe('thresholds', () => {
  test('80 % and 100 % are recorded and mailed once a month', async () => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    const use = (amount: number) =>
      usage.trackUsage({ tenantId, resourceType: 'images', amount }).catch(() => undefined);
    await use(7);
    expect(await recordedMails(tenantId)).toEqual([]);
    await Promise.all([use(1), use(1)]);
    expect((await recordedMails(tenantId)).map((mail) => mail.percent)).toEqual([80]);
    await Promise.all([use(1), use(1)]);
    await usage.correct({ tenantId, resourceType: 'images', amount: -5, actor: user, reason: 'x' });
    await use(5);
    expect((await recordedMails(tenantId)).map((mail) => mail.percent)).toEqual([80, 100]);
    clock.set('2026-06-01T00:00:00Z');
    await use(10);
    clock.set('2026-05-10T12:00:00Z');
    expect((await recordedMails(tenantId)).map((mail) => mail.percent)).toEqual([80, 100, 100]);
    const rows = await ofTenant(
      tenantId,
      `select period, percent from u00.usage_thresholds where tenant_id = $1 order by 1, 2`,
    );
    expect(rows).toEqual([
      { period: '2026-05', percent: 80 },
      { period: '2026-05', percent: 100 },
      { period: '2026-06', percent: 80 },
      { period: '2026-06', percent: 100 },
    ]);
  });

  test('a settlement crosses them too', async () => {
    const usage = service();
    const tenantId = await meteredTenant(database.pool);
    const hold = { tenantId, resourceType: 'images' as const, amount: 1, ttlSeconds: 60 };
    const { reservationId } = await usage.reserve(hold);
    await usage.settle({ reservationId, amount: 9 });
    expect((await recordedMails(tenantId)).map((mail) => mail.percent)).toEqual([80]);
  });
});

describe('the books', () => {
  test('a correction is a row of its own, with who and why', async () => {
    const tenantId = await meteredTenant(database.pool);
    await service().trackUsage({ tenantId, resourceType: 'images', amount: 8 });
    const correction = { tenantId, resourceType: 'images', actor: user, reason: 'refund' } as const;
    expect(await service().correct({ ...correction, amount: -3 })).toEqual({ used: 5 });
    await expect(service().correct({ ...correction, amount: -6 })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const rows = await ofTenant(
      tenantId,
      `select amount::int, actor, reason from u00.usage where tenant_id = $1 order by created_at, id`,
    );
    expect(rows).toEqual([
      { amount: 8, actor: null, reason: null },
      { amount: -3, actor: 'system:test', reason: 'refund' },
    ]);
  });

  test('a reset empties the counter and the chart, and keeps the history', async () => {
    const tenantId = await meteredTenant(database.pool);
    for (const day of [3, 8, 10]) {
      clock.set(new Date(Date.UTC(2026, 4, day, 12)).toISOString());
      await service().trackUsage({ tenantId, resourceType: 'images', amount: 2 });
    }
    const reset = { tenantId, resourceType: 'images', actor: user, reason: 'mistake' } as const;
    expect(await service().resetUsage(reset)).toEqual({ before: 6 });
    const { days } = await service().getHistory(tenantId, 30);
    expect(days.every((day) => day.images === 0)).toBe(true);
    const rows = await ofTenant(
      tenantId,
      `select count(*)::int, sum(amount)::int from u00.usage where tenant_id = $1 having count(*) > 0`,
    );
    expect(rows).toEqual([{ count: 6, sum: 0 }]);
  });
});

describe('what cannot be counted', () => {
  test('usage of an unknown tenant is refused, and its neighbours in the batch are not', async () => {
    const usage = service();
    const known = await meteredTenant(database.pool);
    const unknown = '00000000-0000-4000-8000-000000000000' as TenantId;
    const calls = await Promise.allSettled(
      [known, unknown, known].map((tenantId) =>
        usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 }),
      ),
    );
    expect(calls.map((call) => call.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls[1]).toMatchObject({ reason: { code: 'tenant_not_found' } });
  });

  test('a database that does not answer is away, and what it did all the same counts once', async () => {
    const [patient, usage] = [service(), usageService(database, clock, { answerWithinMs: 100 })];
    const tenantId = await meteredTenant(database.pool);
    const call = { tenantId, resourceType: 'images', amount: 2, idempotencyKey: 'once' } as const;
    await patient.trackUsage({ ...call, idempotencyKey: 'before' });
    const blocker = await database.pool.connect();
    await blocker.query('begin');
    await inEveryBucket(blocker, 'lock table u00.usage_totals in exclusive mode');
    await expect(usage.trackUsage(call)).rejects.toMatchObject({
      code: 'database_unavailable',
      retryAfterSeconds: 1,
    });
    await expect(usage.trackUsage(call)).rejects.toMatchObject({ status: 503 });
    await blocker.query('rollback');
    blocker.release();
    expect((await patient.trackUsage(call)).used).toBe(4);
    expect(await patient.trackUsage(call)).toMatchObject({ status: 'duplicate', used: 4 });
    expect(await patient.checkQuota(tenantId, 'images')).toMatchObject({ used: 4 });
  });

  test('calls beyond the waiting room are refused at once, and the others recorded', async () => {
    const usage = usageService(database, clock, { queues: { waitingMax: 50 } });
    const tenantId = await meteredTenant(database.pool, 'team');
    const calls = await Promise.allSettled(
      Array.from({ length: 80 }, () =>
        usage.trackUsage({ tenantId, resourceType: 'messages', amount: 1 }),
      ),
    );
    const refused = calls.filter((call) => call.status === 'rejected');
    expect(refused).toHaveLength(30);
    expect(refused[0]!.reason).toMatchObject({ code: 'busy', retryAfterSeconds: 1 });
    expect(await usage.checkQuota(tenantId, 'messages')).toMatchObject({ used: 50 });
  });
});
