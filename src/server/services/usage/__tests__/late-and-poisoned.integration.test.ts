import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../tests/support/buckets.ts';
import { imbalances, meteredTenant } from '../../../../../tests/support/metered-tenant.ts';
import { putOnPlan } from '../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../tests/support/test-database.ts';
import type { Period } from '../../../../domain/period.ts';
import { mailCrossings } from '../../mail/from-buckets/crossings.ts';
import type { UsageService } from '../../usage.service.ts';
import { HandClock, usageService } from './service.ts';

let database: TestDatabase;
const clock = new HandClock('2027-12-01T00:10:00Z');
let usage: UsageService;
beforeAll(async () => {
  database = await createTestDatabase();
  usage = usageService(database, clock);
});
afterAll(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  await database.drop();
});

const event = (tenantId: string, more: object = {}) => ({
  tenantId,
  resourceType: 'images',
  amount: 1,
  idempotencyKey: randomUUID(),
  ...more,
});

test('10.6 work counts in the month in which it started', async () => {
  const tenantId = await meteredTenant(database.pool);
  const results = await usage.ingestBatch([
    event(tenantId, { occurredAt: '2027-11-30T23:58:00Z' }),
    event(tenantId, { occurredAt: '2027-12-01T07:59:00+08:00', amount: 2 }),
    event(tenantId, { amount: 4 }),
    event(tenantId, { occurredAt: '2027-12-01T00:14:00.000Z' }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(Array(4).fill('recorded'));
  const rows = await inEveryBucket(
    database.pool,
    `select period, sum(amount)::int as amount from u00.usage where tenant_id = $1 group by 1 order by 1`,
    [tenantId],
  );
  expect(rows).toEqual([
    { period: '2027-11', amount: 3 },
    { period: '2027-12', amount: 5 },
  ]);
});

test('10.6 a refusal is of the month of the work: of one that is over nothing is to be waited for', async () => {
  const tenantId = await meteredTenant(database.pool);
  const memberId = randomUUID();
  const late = { ...event(tenantId, { amount: 11 }), occurredAt: '2027-11-30T23:58:00Z' } as const;
  const hold = { ...late, resourceType: 'images' as const, amount: 11, ttlSeconds: 60 };
  const of = (resetsAt: string, retryAfterSeconds?: number) => ({
    ...{ code: 'quota_exceeded', data: { resetsAt, limit: 10, used: 0 }, retryAfterSeconds },
  });
  const [november, december] = ['2027-12-01T00:00:00.000Z', '2028-01-01T00:00:00.000Z'];
  await expect(usage.reserve(hold)).rejects.toMatchObject(of(november));
  const { occurredAt, ...now } = hold;
  await expect(usage.trackUsage({ ...now, idempotencyKey: randomUUID() })).rejects.toMatchObject(
    of(december, 31 * 86_400 - 600),
  );
  // The month turns while it is refused.
  clock.set('2027-12-31T23:59:59.999Z');
  const refused = usage.trackUsage({ ...now, idempotencyKey: randomUUID() });
  clock.set('2028-01-01T00:00:00Z');
  await expect(refused).rejects.toMatchObject(of(december));
  clock.set('2027-12-01T00:10:00Z');

  await database.db.transaction((tx) =>
    usage.memberLimits.set(tx, { tenantId, memberId, limits: { images: 1 } }),
  );
  const more = { amount: 2, idempotencyKey: randomUUID(), metadata: { userId: memberId } };
  await expect(usage.reserve({ ...hold, ...more, occurredAt })).rejects.toMatchObject({
    ...{ code: 'member_limit', data: { resetsAt: november }, retryAfterSeconds: undefined },
  });
});

test('10.6 a reservation holds and counts in the month in which its work started', async () => {
  const tenantId = await meteredTenant(database.pool);
  const hold = { tenantId, resourceType: 'images' as const, amount: 3, ttlSeconds: 60 };
  const late = { ...hold, occurredAt: '2027-11-30T23:58:00Z', idempotencyKey: 'late' };
  const inNovember = await usage.reserve(late);
  const inDecember = await usage.reserve({ ...hold, amount: 2 });
  const byMonth = async () => {
    const rows = await inEveryBucket<{ period: string; used: number; held: number }>(
      database.pool,
      `select period, used::int, held::int from u00.usage_totals
       where tenant_id = $1 and resource_type = 'images' order by period`,
      [tenantId],
    );
    return rows.map(({ period, used, held }) => [period, used, held]);
  };
  expect(await byMonth()).toEqual([
    ['2027-11', 0, 3],
    ['2027-12', 0, 2],
  ]);
  // By November's limit of 10, of which 7 are left.
  await expect(
    usage.reserve({ ...hold, amount: 8, occurredAt: '2027-11-15T00:00:00Z' }),
  ).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(await usage.reserve(late)).toEqual(inNovember);
  await expect(
    usage.reserve({ ...late, occurredAt: '2027-11-30T23:57:00Z' }),
  ).rejects.toMatchObject({ code: 'idempotency_conflict' });
  await usage.settle({ reservationId: inNovember.reservationId, amount: 1 });
  await usage.release(inDecember);
  expect(await byMonth()).toEqual([
    ['2027-11', 1, 0],
    ['2027-12', 0, 0],
  ]);
  const rows = await inEveryBucket(
    database.pool,
    `select period, occurred_at as at from u00.usage where tenant_id = $1`,
    [tenantId],
  );
  expect(rows).toEqual([{ period: '2027-11', at: new Date('2027-11-30T23:58:00Z') }]);
});

test('10.6 of a month that is over, late work is recorded with its month', async () => {
  const tenantId = await meteredTenant(database.pool);
  const [result] = await usage.ingestBatch([
    event(tenantId, { occurredAt: '2027-11-02T00:00:00Z' }),
  ]);
  expect(result).toMatchObject({ status: 'recorded', used: 1 });
  expect((await usage.getUsageStats(tenantId, '2027-11' as Period)).resources).toContainEqual(
    expect.objectContaining({ resourceType: 'images', used: 1 }),
  );
  expect((await usage.getUsageStats(tenantId)).resources).toContainEqual(
    expect.objectContaining({ resourceType: 'images', used: 0 }),
  );
});

test('10.6 what was recorded is answered as the first time, also when its instant lies too long ago by then', async () => {
  const tenantId = await meteredTenant(database.pool);
  const later = new HandClock('2027-12-01T00:10:00Z');
  const then = usageService(database, later);
  const occurredAt = '2027-10-27T00:10:00Z';
  const first = event(tenantId, { occurredAt, idempotencyKey: 'event' });
  const hold = { tenantId, resourceType: 'images' as const, amount: 2, ttlSeconds: 60 };
  const held = { ...hold, occurredAt, idempotencyKey: 'hold' };
  expect(await then.ingestBatch([first])).toMatchObject([{ status: 'recorded', used: 1 }]);
  const reservation = await then.reserve(held);
  later.set('2027-12-09T00:00:00Z');
  const { idempotencyKey: _, ...unnamed } = held;
  expect(
    await then.ingestBatch([
      first,
      { ...first, amount: 2 },
      { ...first, idempotencyKey: 'new' },
      { ...first, occurredAt: '2027-10-01T00:00:00Z' },
      { ...first, occurredAt: '0001-01-01T00:00:00Z' },
    ]),
  ).toMatchObject([
    { status: 'duplicate', used: 1 },
    { status: 'invalid', code: 'idempotency_conflict' },
    ...Array(3).fill({
      ...{ status: 'invalid', code: 'invalid_request', error: expect.stringMatching(/35 days/) },
    }),
  ]);
  expect(await then.reserve(held)).toMatchObject({ reservationId: reservation.reservationId });
  for (const unknown of [unnamed, { ...held, idempotencyKey: 'new' }]) {
    await expect(then.reserve(unknown)).rejects.toMatchObject({ code: 'invalid_request' });
  }
  await then.release(reservation);
});

const unreal: [string, { occurredAt?: string; occuredAt?: string }, RegExp][] = [
  ['too long ago', { occurredAt: '2027-10-26T00:09:00Z' }, /35 days/],
  ['too far ahead', { occurredAt: '2027-12-01T00:16:00Z' }, /5 minutes/],
  ['no instant', { occurredAt: 'yesterday' }, /ISO 8601/],
  ['a day that is not', { occurredAt: '2027-11-31T00:00:00Z' }, /ISO 8601/],
  ['no offset', { occurredAt: '2027-11-30T00:00:00' }, /ISO 8601/],
  ['a year beyond all', { occurredAt: '+099999-01-01T00:00:00Z' }, /ISO 8601/],
];

test.each(unreal)('10.6 a reservation with an instant that is %s is refused', async (...row) => {
  const [, { occurredAt }, why] = row;
  const tenantId = await meteredTenant(database.pool);
  const hold = { tenantId, resourceType: 'images' as const, amount: 1, ttlSeconds: 60 };
  await expect(usage.reserve({ ...hold, occurredAt })).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringMatching(why),
  });
});

test.each([
  ...unreal,
  ['an unknown field', { occuredAt: '2027-11-30T00:00:00Z' }, /no field "occuredAt"/] as const,
])('10.6 an event with %s is invalid, and says why', async (_case, more, why) => {
  const tenantId = await meteredTenant(database.pool);
  const results = await usage.ingestBatch([event(tenantId, more), event(tenantId)]);
  expect(results).toMatchObject([
    { status: 'invalid', error: expect.stringMatching(why) },
    { status: 'recorded' },
  ]);
});

test('10.5 a crossing is told once a limit, and again at another', async () => {
  const tenantId = await meteredTenant(database.pool, 'free');
  const spend = (amount: number) =>
    usage.trackUsage({ tenantId, resourceType: 'images', amount, enforce: false });
  await spend(10);
  await putOnPlan(database, tenantId, 'pro');
  await spend(400);
  await spend(90);
  await putOnPlan(database, tenantId, 'free');
  await putOnPlan(database, tenantId, 'pro');
  await spend(1);
  const rows = await inEveryBucket(
    database.pool,
    `select "limit"::int, percent from u00.usage_thresholds where tenant_id = $1 order by 1, 2`,
    [tenantId],
  );
  expect(rows).toEqual([
    { limit: 10, percent: 80 },
    { limit: 10, percent: 100 },
    { limit: 500, percent: 80 },
    { limit: 500, percent: 100 },
  ]);
  await mailCrossings(database);
  const mails = await database.pool.query(
    `select (data->>'limit')::int as limit, (data->>'percent')::int as percent
     from mail_outbox where tenant_id = $1 order by 1, 2`,
    [tenantId],
  );
  expect(mails.rows).toEqual([
    { limit: 10, percent: 100 },
    { limit: 500, percent: 80 },
    { limit: 500, percent: 100 },
  ]);
});

const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) });
const poison = fc.constantFrom<Record<string, unknown>>(
  { metadata: { name: '\ud800' } },
  { metadata: { '\udfff': 1 } },
  { metadata: { name: 'a\0b' } },
  { metadata: deep(5_000) },
  { metadata: [] },
  { metadata: { text: 'x'.repeat(20_000) } },
  { amount: 2 ** 60 },
  { amount: 0.5 },
  { amount: -1 },
);

test('10.7 a poisoned call of any kind fails alone: the others of its batch are done', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(poison, { minLength: 1, maxLength: 6 }), async (poisons) => {
      const tenants = await Promise.all([0, 1].map(() => meteredTenant(database.pool, 'team')));
      const hold = (tenantId: string) =>
        usage.reserve({ tenantId, resourceType: 'images', amount: 2, ttlSeconds: 60 });
      const innocent = await Promise.all(Array.from({ length: 8 }, () => hold(tenants[0]!)));
      const guilty = await Promise.all(poisons.map(() => hold(tenants[1]!)));
      const outcomes = await Promise.allSettled([
        ...innocent.map(({ reservationId }) => usage.settle({ reservationId, amount: 1 })),
        ...guilty.map(({ reservationId }, i) =>
          usage.settle({ amount: 1, ...poisons[i], reservationId }),
        ),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual([
        ...innocent.map(() => 'fulfilled'),
        ...guilty.map(() => 'rejected'),
      ]);
      for (const outcome of outcomes.slice(8)) {
        expect(outcome).toMatchObject({ reason: { code: 'invalid_request' } });
      }
      const results = await usage.ingestBatch([
        ...poisons.map((one) => event(tenants[1]!, one)),
        ...innocent.map(() => event(tenants[0]!)),
      ]);
      expect(results.map(({ status }) => status)).toEqual([
        ...poisons.map(() => 'invalid'),
        ...innocent.map(() => 'recorded'),
      ]);
    }),
    { numRuns: 15 },
  );
});

test('10.23 closed reservations are pruned, open ones and those that may be settled late stay', async () => {
  const tenantId = await meteredTenant(database.pool, 'team');
  const hold = () => usage.reserve({ tenantId, resourceType: 'images', amount: 1, ttlSeconds: 60 });
  const settled = await hold();
  await usage.settle({ reservationId: settled.reservationId, amount: 1 });
  await usage.release(await hold());
  const expired = await hold();
  const count = async () => {
    const rows = await inEveryBucket<{ n: number }>(
      database.pool,
      'select count(*)::int as n from u00.usage_reservations where tenant_id = $1',
      [tenantId],
    );
    return rows.reduce((sum, { n }) => sum + n, 0);
  };
  const later = (days: number) =>
    clock.set(new Date(clock.now().getTime() + days * 86_400_000).toISOString());
  later(1);
  await usage.expireReservations();
  await usage.pruneReservations();
  expect(await count()).toBe(3);
  later(7);
  await usage.pruneReservations();
  expect(await count()).toBe(1);
  await usage.settle({ reservationId: expired.reservationId, amount: 1 });
  later(36);
  await usage.pruneReservations();
  expect(await count()).toBe(0);
});
