import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { TenantId } from '../../../../domain/ids.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => expect(await imbalances(database.pool)).toEqual([]));

const clock = new HandClock('2026-05-10T12:00:00Z');
const hold = (tenantId: TenantId, amount: number, ttlSeconds = 60) =>
  ({ tenantId, resourceType: 'images', amount, ttlSeconds }) as const;

describe('a reservation', () => {
  test('keeps its units from others until it is released', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    const { reservationId, remaining, expiresAt } = await usage.reserve(hold(tenantId, 8));
    expect(remaining).toBe(2);
    expect(expiresAt).toEqual(new Date('2026-05-10T12:01:00Z'));
    await expect(usage.reserve(hold(tenantId, 3))).rejects.toMatchObject({
      code: 'quota_exceeded',
    });
    const { resources } = await usage.getUsageStats(tenantId);
    expect(resources[2]).toMatchObject({ used: 0, held: 8, remaining: 2, percent: 0 });
    await usage.release({ reservationId });
    await usage.release({ reservationId });
    expect((await usage.reserve(hold(tenantId, 10))).remaining).toBe(0);
  });

  test.each([
    ['less', 3, { used: 3, remaining: 7 }],
    ['nothing', 0, { used: 0, remaining: 10 }],
    ['exactly', 8, { used: 8, remaining: 2 }],
    ['more, which is recorded in full', 25, { used: 25, remaining: 0 }],
  ])('settles what was really used: %s', async (_, amount, after) => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    const { reservationId } = await usage.reserve(hold(tenantId, 8));
    expect(await usage.settle({ reservationId, amount })).toEqual(after);
    await usage.trackUsage({ ...hold(tenantId, 1), enforce: false });
    expect(await usage.settle({ reservationId, amount })).toEqual(after);
    await expect(usage.settle({ reservationId, amount: amount + 1 })).rejects.toMatchObject({
      code: 'reservation_settled',
    });
    await expect(usage.release({ reservationId })).rejects.toMatchObject({
      code: 'reservation_settled',
    });
  });

  test('settled from ten callers at once counts once', async () => {
    const services = [usageService(database, clock), usageService(database, clock)];
    const tenantId = await meteredTenant(database.pool);
    const { reservationId } = await services[0]!.reserve(hold(tenantId, 5));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) => services[i % 2]!.settle({ reservationId, amount: 4 })),
    );
    expect(answers).toEqual(answers.map(() => ({ used: 4, remaining: 6 })));
  });

  test('that was released cannot be settled, and an unknown one is not found', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    const { reservationId } = await usage.reserve(hold(tenantId, 5));
    await usage.release({ reservationId });
    await expect(usage.settle({ reservationId, amount: 1 })).rejects.toMatchObject({
      code: 'reservation_released',
    });
    const strange = [
      'x',
      reservationId.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      `rsv_${'0'.repeat(64)}`,
    ];
    for (const id of strange) {
      await expect(usage.settle({ reservationId: id, amount: 1 })).rejects.toMatchObject({
        code: 'reservation_not_found',
      });
    }
    const other = await meteredTenant(database.pool);
    await expect(usage.release({ reservationId, tenantId: other })).rejects.toMatchObject({
      code: 'reservation_not_found',
    });
  });

  test('with a key answers the first one again', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    const request = { ...hold(tenantId, 4), idempotencyKey: 'r' };
    const first = await usage.reserve(request);
    clock.set('2026-05-10T12:00:30Z');
    expect(await usage.reserve(request)).toEqual(first);
    clock.set('2026-05-10T12:00:00Z');
    await expect(usage.reserve({ ...request, ttlSeconds: 61 })).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
    await expect(usage.trackUsage(request)).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
  });
});

describe('an expired reservation', () => {
  test('stands in nobody’s way, even before the schedule has released it', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    await usage.reserve(hold(tenantId, 10));
    clock.set('2026-05-10T12:01:00Z');
    expect((await usage.reserve(hold(tenantId, 10))).remaining).toBe(0);
    clock.set('2026-05-10T12:00:00Z');
  });

  test('is released by the schedule', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    await usage.reserve(hold(tenantId, 10));
    clock.set('2026-05-10T12:05:00Z');
    expect(await usage.expireReservations()).toBeGreaterThan(0);
    expect(await usage.checkQuota(tenantId, 'images')).toMatchObject({ held: 0, remaining: 10 });
    expect(await usage.expireReservations()).toBe(0);
    clock.set('2026-05-10T12:00:00Z');
  });

  test('is settled all the same, and counts, also when others took the room', async () => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    const { reservationId } = await usage.reserve(hold(tenantId, 10));
    clock.set('2026-05-10T12:05:00Z');
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 9 });
    expect(await usage.settle({ reservationId, amount: 7 })).toEqual({ used: 16, remaining: 0 });
    clock.set('2026-05-10T12:00:00Z');
  });
});

describe('time', () => {
  test.each([
    ['the end of a month', '2026-05-31T23:59:59.999Z', '2026-06-01T00:00:00Z'],
    ['the end of a leap day', '2028-02-29T23:59:59Z', '2028-03-01T00:00:00Z'],
    ['the end of February in a common year', '2027-02-28T23:59:59Z', '2027-03-01T00:00:00Z'],
    ['New Year', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
    ['daylight saving in Europe', '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z'],
    ['daylight saving in America', '2026-11-01T05:59:59Z', '2026-11-01T06:00:00Z'],
  ])('usage belongs to the UTC month and day in which the work started: %s', async (_, a, b) => {
    const usage = usageService(database, clock);
    const tenantId = await meteredTenant(database.pool);
    clock.set(a);
    const { reservationId } = await usage.reserve(hold(tenantId, 2, 3600));
    clock.set(b);
    await usage.settle({ reservationId, amount: 3 });
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
    await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1, startedAt: new Date(a) });
    const rows = await inEveryBucket<{ period: string; date: string; amount: number }>(
      database.pool,
      `select period, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD') as date,
         sum(amount)::int as amount
       from u00.usage where tenant_id = $1 group by 1, 2 order by 2`,
      [tenantId],
    );
    const days = new Map<string, number>();
    for (const [iso, amount] of [
      [a, 4],
      [b, 1],
    ] as const) {
      days.set(iso.slice(0, 10), (days.get(iso.slice(0, 10)) ?? 0) + amount);
    }
    expect(rows).toEqual(
      [...days].map(([date, amount]) => ({ period: date.slice(0, 7), date, amount })),
    );
    const history = await usage.getHistory(tenantId, 7);
    const used = history.days.filter((day) => day.images > 0);
    expect(used.map((day) => [day.date, day.images])).toEqual([...days]);
    clock.set('2026-05-10T12:00:00Z');
  });
});
