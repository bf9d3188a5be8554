import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  creditFaults,
  imbalances,
  meteredTenant,
} from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPlan } from '../../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

const clock = new HandClock('2026-05-10T12:00:00Z');
const LATER = '2027-01-01T00:00:00Z';
const by = { actor: { kind: 'service', name: 'test' }, reason: 'a test' } as const;
const credits = (count: number) => count * 1_000_000;

/** A tenant on free, of whose ten pictures `used` are used; a picture more is two credits. */
async function world(used: number) {
  clock.set('2026-05-10T12:00:00Z');
  const tenantId = await meteredTenant(database.pool);
  const usage = usageService(database, clock);
  const images = { tenantId, resourceType: 'images' as const };
  if (used > 0) await usage.trackUsage({ ...images, amount: used });
  const give = (originRef: string, count: number, expires = LATER) =>
    usage.credits.grant({
      ...{ tenantId, origin: 'goodwill' as const, originRef, ...by },
      ...{ amountMicro: credits(count), expiresAt: new Date(expires) },
    });
  const draw = (amount: number, more = {}) => usage.trackUsage({ ...images, amount, ...more });
  const hold = (amount: number) => usage.reserve({ ...images, amount, ttlSeconds: 60 });
  const left = async () =>
    Object.fromEntries(
      (await usage.credits.read(tenantId)).grants.map((one) => [one.expiresAt, one.left / 1e6]),
    );
  const taken = async () =>
    (await usage.credits.readHistory(tenantId)).movements
      .filter(({ kind }) => kind !== 'granted')
      .map(({ kind, micro, units }) => [kind, micro / 1e6, units])
      .toReversed();
  const stats = async () => (await usage.getUsageStats(tenantId)).resources[2]!;
  return { tenantId, usage, give, draw, hold, left, taken, stats };
}

test('12.2 a hold gives nothing back to a grant that was revoked, whatever came back to it before', async () => {
  const { give, draw, hold, usage, tenantId, left } = await world(10);
  const { grant } = await give('a', 20);
  await draw(4);
  const { reservationId } = await hold(3);
  const change = { tenantId, grantId: grant.id, ref: 'r', ...by };
  expect(await usage.credits.revoke(change)).toMatchObject({
    ...{ revokedMicro: credits(6), pendingMicro: credits(6), shortfallMicro: credits(8) },
  });
  // Two of the four pictures were black.
  await usage.correct({ tenantId, resourceType: 'images', amount: -2, ...by });
  await usage.release({ reservationId });
  expect(await left()).toEqual({ '2027-01-01T00:00:00.000Z': 0 });
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 0, held: 0 });
});

test('12.2 1. a quota that ends inside a call pays its part, and credits the rest', async () => {
  const { give, draw, taken, stats } = await world(8);
  await give('a', 10);
  expect(await draw(5)).toMatchObject({ used: 13, limit: 10, remaining: 0 });
  expect(await taken()).toEqual([['grant', -6, 3]]);
  expect(await stats()).toMatchObject({ used: 13, beyond: 3, rateMicro: 2_000_000, percent: 100 });
});

test('12.2 2. a grant that ends inside a call: two draws, the one that expires first before', async () => {
  const { give, draw, left, taken } = await world(10);
  await give('late', 4, LATER);
  await give('early', 3, '2026-06-01T00:00:00Z');
  await draw(2);
  expect(await taken()).toEqual([
    ['grant', -3, 2],
    ['grant', -1, 0],
  ]);
  expect(await left()).toEqual({
    '2027-01-01T00:00:00.000Z': 3,
    '2026-06-01T00:00:00.000Z': 0,
  });
});

test('12.2 3. a hundred calls for the last credits: those that fit, the rest 429', async () => {
  const { give, draw, usage, tenantId } = await world(10);
  await give('a', 20);
  const other = usageService(database, clock);
  const calls = await Promise.allSettled(
    Array.from({ length: 100 }, (_, i) =>
      i % 2 ? draw(1) : other.trackUsage({ tenantId, resourceType: 'images', amount: 1 }),
    ),
  );
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  const refused = calls.find((one) => one.status === 'rejected')!;
  expect(refused.reason).toMatchObject({ code: 'quota_exceeded', data: { reason: 'quota' } });
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 0 });
});

test('12.2 10. what is called spendable is taken, and one more is not', async () => {
  const { give, draw, usage, tenantId } = await world(7);
  await give('a', 3);
  await give('b', 2);
  const { spendable } = await usage.credits.read(tenantId);
  expect(spendable.images).toBe(5);
  expect(await usage.checkQuota(tenantId, 'images', 5)).toMatchObject({ allowed: true });
  expect(await usage.checkQuota(tenantId, 'images', 6)).toMatchObject({ allowed: false });
  await expect(draw(6)).rejects.toMatchObject({ code: 'quota_exceeded' });
  await draw(5);
  await expect(draw(1)).rejects.toMatchObject({ code: 'quota_exceeded' });
});

test('12.2 4. a head that expires between two calls gives way to the next grant', async () => {
  const { give, draw, taken } = await world(10);
  await give('early', 10, '2026-05-10T13:00:00Z');
  await give('late', 10);
  await draw(1);
  clock.set('2026-05-10T13:00:00Z');
  await draw(1);
  expect(await taken()).toEqual([
    ['grant', -2, 1],
    ['expired', -8, 0],
    ['grant', -2, 1],
  ]);
});

test('12.2 55. a host whose clock is behind takes the next grant too, and nothing lapses twice', async () => {
  const { give, draw, taken, left } = await world(10);
  await give('early', 10, '2026-05-10T13:00:00Z');
  await give('late', 10);
  await draw(1);
  clock.set('2026-05-10T13:00:00Z');
  await draw(1);
  // For this host the first one has half a second to go, and is gone all the same.
  clock.set('2026-05-10T12:59:59.500Z');
  await draw(1);
  clock.set('2026-05-10T13:00:00.100Z');
  await draw(1);
  expect(await taken()).toEqual([
    ['grant', -2, 1],
    ['expired', -8, 0],
    ...Array.from({ length: 3 }, () => ['grant', -2, 1]),
  ]);
  expect(Object.values(await left())).toEqual([4, 0]);
});

test('12.2 5. a hold settles from a grant that expired meanwhile; what it gives back lapses', async () => {
  const { give, hold, usage, taken, left } = await world(10);
  await give('early', 8, '2026-05-10T12:00:30Z');
  const { reservationId } = await hold(4);
  expect(Object.values(await left())).toEqual([0]);
  clock.set('2026-05-10T12:00:45Z');
  await usage.settle({ reservationId, amount: 3 });
  expect(await taken()).toEqual([
    ['grant', -6, 3],
    ['expired', -2, 0],
  ]);
});

test('12.2 6. a grant that expires sooner than the head is drawn from its commit on', async () => {
  const { give, draw, left } = await world(10);
  await give('late', 10);
  await draw(1);
  await give('early', 2, '2026-06-01T00:00:00Z');
  await draw(1);
  expect(await left()).toEqual({
    '2027-01-01T00:00:00.000Z': 8,
    '2026-06-01T00:00:00.000Z': 0,
  });
});

test('12.2 12. what outruns its hold and all sources is uncovered, and the next call refused', async () => {
  const { give, hold, usage, taken, draw, stats } = await world(10);
  await give('a', 6);
  const { reservationId } = await hold(2);
  await usage.settle({ reservationId, amount: 5 });
  expect(await taken()).toEqual([
    ['grant', -4, 2],
    ['grant', -2, 3],
    ['uncovered', 0, 0],
  ]);
  expect(await stats()).toMatchObject({ used: 15, beyond: 5, remaining: 0 });
  await expect(draw(1)).rejects.toMatchObject({ data: { reason: 'quota' } });
});

test('12.2 14. settled twice: the same answer, and one set of draws', async () => {
  const { give, hold, usage, taken } = await world(9);
  await give('a', 6);
  const { reservationId } = await hold(3);
  const first = await usage.settle({ reservationId, amount: 2 });
  expect(await usage.settle({ reservationId, amount: 2 })).toEqual(first);
  expect(await taken()).toEqual([['grant', -2, 1]]);
});

test('12.2 15. settled again with another amount: refused, and nothing is drawn', async () => {
  const { give, hold, usage, taken } = await world(9);
  await give('a', 6);
  const { reservationId } = await hold(3);
  await usage.settle({ reservationId, amount: 2 });
  const before = await taken();
  for (const amount of [1, 3]) {
    await expect(usage.settle({ reservationId, amount })).rejects.toMatchObject({
      code: 'reservation_settled',
    });
  }
  expect(await taken()).toEqual(before);
});

test('12.2 16. 19. a key answers as the first time, and draws once', async () => {
  const { give, draw, taken } = await world(10);
  await give('a', 3);
  const key = { idempotencyKey: 'k' };
  const first = await draw(1, key);
  expect(first).toMatchObject({ status: 'recorded', used: 11, remaining: 0 });
  expect(await draw(1, key)).toMatchObject({ ...first, status: 'duplicate' });
  await expect(draw(1, { idempotencyKey: 'l' })).rejects.toMatchObject({ code: 'quota_exceeded' });
  await give('b', 3);
  // Refused for good: the key stays with its answer.
  await expect(draw(1, { idempotencyKey: 'l' })).rejects.toMatchObject({ code: 'quota_exceeded' });
  expect(await taken()).toEqual([['grant', -2, 1]]);
});

test('12.2 only holds in the way: 429 in_progress, also where they hold credits', async () => {
  const { give, hold, draw, usage } = await world(10);
  await give('a', 4);
  const { reservationId } = await hold(2);
  await expect(draw(1)).rejects.toMatchObject({ data: { reason: 'in_progress' } });
  await usage.release({ reservationId });
  await draw(2);
});

test('12.2 37. revoked while a hold has it: what is held stays, what comes back is revoked', async () => {
  const { give, hold, usage, tenantId, taken } = await world(10);
  const { grant } = await give('a', 10);
  const { reservationId } = await hold(4);
  const revoked = await usage.credits.revoke({ tenantId, grantId: grant.id, ref: 'r', ...by });
  expect(revoked).toMatchObject({ revokedMicro: credits(2), pendingMicro: credits(8) });
  await usage.settle({ reservationId, amount: 1 });
  expect(await taken()).toEqual([
    ['revoked', -2, 0],
    ['grant', -2, 1],
    ['revoked', -6, 0],
  ]);
});

test('12.2 9. a plan change takes nothing of a grant, and the new quota is drawn first', async () => {
  const { give, draw, usage, tenantId, taken } = await world(10);
  await give('a', 10);
  await draw(1);
  await putOnPlan(database, tenantId, 'pro');
  expect(await draw(5)).toMatchObject({ used: 16, limit: 500, remaining: 485 });
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: credits(8) });
  await putOnPlan(database, tenantId, 'free');
  await draw(1);
  expect(await taken()).toEqual([
    ['grant', -2, 1],
    ['grant', -2, 1],
  ]);
});

test('12.2 what the plan neither includes nor sells is not_offered, credits or not', async () => {
  const { give, usage, tenantId } = await world(0);
  await give('a', 10);
  await expect(
    usage.trackUsage({ tenantId, resourceType: 'api_calls', amount: 1 }),
  ).rejects.toMatchObject({ data: { reason: 'not_offered' } });
});

test('12.2 a correction gives the newest draws back, then the quota', async () => {
  const { give, draw, usage, tenantId, left, stats } = await world(9);
  await give('a', 10);
  await draw(3);
  await usage.correct({ tenantId, resourceType: 'images', amount: -4, ...by });
  expect(Object.values(await left())).toEqual([10]);
  expect(await stats()).toMatchObject({ used: 8, beyond: 0, remaining: 2 });
});
