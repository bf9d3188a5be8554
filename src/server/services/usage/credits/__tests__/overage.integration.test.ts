import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inEveryBucket } from '../../../../../../tests/support/buckets.ts';
import { creditFaults, imbalances } from '../../../../../../tests/support/metered-tenant.ts';
import { putOnPaidPlan } from '../../../../../../tests/support/metering.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import type { OveragePrice } from '../../../../../domain/billing/overage.ts';
import { HandClock, usageService } from '../../__tests__/service.ts';
import { by, cap, overageWorld, PRO, refusalOf, TEAM } from './overage-world.ts';

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
const world = (capMinor: number | null) => overageWorld(database, clock, capMinor);

test('12.4 the order is quota, grants, overage; without a consent nothing of it is used', async () => {
  const { draw, give, agree, taken, overage, tenantId, usage } = await world(null);
  expect(await refusalOf(draw())).toEqual(['quota', null]);
  await give('a', 3);
  expect(await refusalOf(draw(2))).toEqual(['quota', null]);
  await agree(1_000);
  expect(await draw(2)).toMatchObject({ used: 502, remaining: 0 });
  expect(await taken()).toEqual([
    ['grant', -3, 2],
    ['overage', -1, 0],
  ]);
  expect(await overage()).toMatchObject({ usedMinor: 12, unpaidMinor: 12, enabled: true });
  expect(await usage.credits.read(tenantId)).toMatchObject({ balance: 0 });
  await give('b', 2);
  await draw(1);
  expect((await taken()).at(-1)).toEqual(['grant', -2, 1]);
});

test('12.4 7. 10. the cap is used to the last picture that fits, as spendable said', async () => {
  // ¥1.00 is four pictures of 24 fen, and 4 fen.
  const { draw, usage, tenantId, overage } = await world(100);
  expect((await usage.credits.read(tenantId)).spendable.images).toBe(4);
  expect(await refusalOf(draw(5))).toEqual(['cap', cap(100, 0)]);
  await draw(4);
  expect(await refusalOf(draw())).toEqual(['cap', cap(100, 96)]);
  expect((await usage.credits.read(tenantId)).spendable).toMatchObject({ images: 0 });
  expect(await overage()).toMatchObject({ usedMinor: 96, suspended: null });
});

test('12.4 3. a hundred calls race for the rest of the cap: exactly those that fit', async () => {
  const { draw, images, overage } = await world(240);
  const other = usageService(database, clock);
  const calls = await Promise.allSettled(
    Array.from({ length: 100 }, (_, n) =>
      n % 2 ? draw() : other.trackUsage({ ...images, amount: 1 }),
    ),
  );
  expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  expect(await overage()).toMatchObject({ usedMinor: 240 });
});

test('12.4 8. a cap below what is used leaves no room, and takes nothing back', async () => {
  const { draw, agree, overage, taken } = await world(240);
  await draw(8);
  expect(await agree(100)).toMatchObject({ overage: { capMinor: 100, usedMinor: 192 } });
  expect(await refusalOf(draw())).toEqual(['cap', cap(100, 192)]);
  expect(await overage()).toMatchObject({ usedMinor: 192, unpaidMinor: 192 });
  expect(await taken()).toEqual([
    ['overage', -10, 8],
    ['overage', -6, 0],
  ]);
});

test('12.4 a cap that is not told is what it is by then, and none in another currency', async () => {
  const { agree, overage, tenantId, usage, who } = await world(240);
  const again = (consent: OveragePrice, meanwhile = async () => {}) =>
    usage.credits.setLimits(who, { enabled: true, consent, alerts: [100] }, meanwhile);
  await again(PRO, async () => void (await agree(50)));
  expect(await overage()).toMatchObject({ enabled: true, capMinor: 50, currency: 'cny' });
  const { rows } = await database.pool.query<{ cap: number }>(
    `select (after ->> 'capMinor')::int as cap from audit_log
     where tenant_id = $1 and action = 'overage.agreed' order by id desc limit 1`,
    [tenantId],
  );
  expect(rows).toEqual([{ cap: 50 }]);

  await putOnPaidPlan(database, tenantId, 'pro', { currency: 'usd' });
  const usd = { currency: 'usd', minorPerCredit: '1.8' };
  await expect(again(usd)).rejects.toMatchObject({ code: 'invalid_cap' });
  expect(await overage()).toMatchObject({ enabled: false, lapsed: 'price', capMinor: 50 });
  await agree(7, usd);
  expect(await overage()).toMatchObject({ enabled: true, capMinor: 7, currency: 'usd' });
});

test('12.4 9. a cap that is raised in a storm of refusals: the next call passes', async () => {
  const { draw, agree } = await world(24);
  await draw();
  const storm = Array.from({ length: 30 }, () => refusalOf(draw()));
  await Promise.all(storm);
  await agree(48);
  await draw();
  expect(await refusalOf(draw())).toEqual(['cap', cap(48, 48)]);
});

test('12.4 10. switched off while holds are open: they settle from what they have, nothing new', async () => {
  const { draw, hold, end, usage, taken, tenantId } = await world(240);
  const { reservationId } = await hold(3);
  const given = await hold(2);
  await end();
  expect(await refusalOf(draw())).toEqual(['quota', null]);
  await usage.settle({ reservationId, tenantId, amount: 4 });
  await usage.release({ reservationId: given.reservationId });
  expect(await taken()).toEqual([
    ['overage', -6, 3],
    ['uncovered', 0, 1],
  ]);
});

test.each([1, 5, 1_000])(
  '12.4 a hold just below a mark of the cap takes what it needs at once, %i tokens away from it',
  async (away) => {
    // ¥12.00 are 100 credits, of which half are 250,000 tokens and 80 percent 400,000.
    const { usage, tenantId, hold, draw, notices, overage } = await world(1_200);
    const tokens = { tenantId, resourceType: 'llm_tokens' as const };
    await usage.trackUsage({ ...tokens, amount: 1_000_000 });
    const sources = () =>
      inEveryBucket<{ micro: number }>(
        database.pool,
        `select micro::int from u00.reservation_sources where tenant_id = $1`,
        [tenantId],
      );
    for (const [drawn, percent] of [
      [250_000 - away, 50],
      [140_000 - away, 80],
    ] as const) {
      await usage.trackUsage({ ...tokens, amount: drawn });
      const { reservationId } = await hold(1);
      expect(await sources()).toEqual([{ micro: 2_000_000 }]);
      expect((await notices()).map((one) => one['percent'])).not.toContain(percent);
      await usage.settle({ reservationId, tenantId, amount: 1 });
      // What was away from the first mark is used by now, and away from the second.
      await usage.trackUsage({ ...tokens, amount: away });
      expect((await notices()).map((one) => one['percent'])).toContain(percent);
    }
    expect(await overage()).toMatchObject({ suspended: null });
    // All of the rest, in one hold and to the microcredit.
    const left = (await usage.credits.read(tenantId)).spendable.images!;
    const { reservationId } = await hold(left);
    expect(await refusalOf(draw())).toEqual(['in_progress', null]);
    await usage.settle({ reservationId, tenantId, amount: left });
    expect(await refusalOf(draw())).toEqual(['cap', cap(1_200, 1_200)]);
  },
);

test('12.4 11. a price that rises ends the consent, and a lower one is billed as it is', async () => {
  const { draw, agree, tenantId, overage, notices, taken } = await world(240);
  await draw(4);
  await putOnPaidPlan(database, tenantId, 'team');
  expect(await overage()).toMatchObject({
    ...{ enabled: true, lapsed: null, price: TEAM, usedMinor: 96 },
  });
  await agree(240, TEAM);
  await putOnPaidPlan(database, tenantId, 'pro');
  expect(await overage()).toMatchObject({ enabled: false, lapsed: 'price', capMinor: 240 });
  expect(await refusalOf(draw())).toEqual(['cap', cap(240, 96, 'price')]);
  expect(await notices()).toEqual([{ percent: 0, cap: 240, reason: 'price', mails: true }]);
  await agree(240);
  await draw();
  expect((await taken()).filter(([kind]) => kind === 'overage')).toHaveLength(2);
});

test('12.4 7. the cap counts money at the price of each draw, whatever it costs by now', async () => {
  const { draw, agree, tenantId, overage, hold, usage } = await world(240);
  await draw(4);
  const { reservationId } = await hold(2);
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 1 });
  await putOnPaidPlan(database, tenantId, 'team');
  await usage.settle({ reservationId, tenantId, amount: 2 });
  // Seven pictures for 24 fen are 168; what is left at 22 fen are three pictures and 6 fen.
  expect(await overage()).toMatchObject({ usedMinor: 168 });
  await usage.trackUsage({ tenantId, resourceType: 'images', amount: 4_500 });
  await draw(3);
  expect(await refusalOf(draw())).toEqual(['cap', cap(240, 234)]);
  await agree(256, TEAM);
  await draw();
  expect(await overage()).toMatchObject({ usedMinor: 256 });
});

test('12.4 12. what outruns its hold and the cap is uncovered, and the next call refused', async () => {
  const { draw, hold, usage, taken, tenantId, overage } = await world(72);
  const { reservationId } = await hold(1);
  await usage.settle({ reservationId, tenantId, amount: 5 });
  expect(await taken()).toEqual([
    ['overage', -2, 1],
    ['overage', -1, 4],
    ['overage', -1.8, 0],
    ['overage', -1.2, 0],
    ['uncovered', 0, 0],
  ]);
  expect(await overage()).toMatchObject({ usedMinor: 72 });
  expect(await refusalOf(draw())).toEqual(['cap', cap(72, 72)]);
});

test('12.4 20. what comes back is restored, to the cap and to what is unpaid', async () => {
  const { draw, give, usage, images, overage, taken } = await world(96);
  await give('a', 3);
  await draw(5);
  expect(await refusalOf(draw())).toEqual(['cap', cap(96, 84)]);
  await usage.correct({ ...images, amount: -2, ...by });
  expect(await overage()).toMatchObject({ usedMinor: 36, unpaidMinor: 36 });
  const back = (await taken()).filter(([, micro]) => Number(micro) > 0);
  expect(new Set(back.map(([kind]) => kind))).toEqual(new Set(['overage']));
  expect(back.reduce((sum, [, micro]) => sum + Number(micro), 0)).toBe(4);
  await draw(2);
  expect(await refusalOf(draw())).toEqual(['cap', cap(96, 84)]);
});

test('12.4 13. 55. each month has its own cap, whenever its work is booked', async () => {
  const { draw, hold, usage, images, tenantId, overage } = await world(96);
  clock.set('2026-05-31T23:59:59.500Z');
  const { reservationId } = await hold(2);
  await draw(1);
  clock.set('2026-06-01T00:00:00Z');
  await usage.trackUsage({ ...images, amount: 500 });
  await draw(4);
  expect(await refusalOf(draw())).toEqual(['cap', cap(96, 96)]);
  await usage.settle({ reservationId, tenantId, amount: 2 });
  // Another host is half a second behind, where it is still May.
  clock.set('2026-05-31T23:59:59.900Z');
  await draw(1);
  expect(await refusalOf(draw())).toEqual(['cap', cap(96, 96)]);
  clock.set('2026-06-01T00:00:01Z');
  expect(await overage()).toMatchObject({ usedMinor: 96, unpaidMinor: 192 });
});

test('12.4 48. a subscription that ends ends overage; grants go on at the rates of free', async () => {
  const { draw, give, tenantId, overage, notices, taken } = await world(96);
  await draw(1);
  await give('a', 4);
  await putOnPaidPlan(database, tenantId, 'free');
  expect(await overage()).toMatchObject({
    ...{ enabled: false, lapsed: 'not_offered', price: null, usedMinor: 24 },
  });
  expect(await notices()).toEqual([{ percent: 0, cap: 96, reason: 'not_offered', mails: true }]);
  await draw(2);
  expect((await taken()).at(-1)).toEqual(['grant', -4, 2]);
  expect(await refusalOf(draw())).toEqual(['quota', null]);
});

test('12.4 a plan that is tried or owed rests overage at once, and paid it goes on', async () => {
  const { draw, tenantId, overage, agree } = await world(96);
  await putOnPaidPlan(database, tenantId, 'pro', { paused: 'past_due' });
  expect(await refusalOf(draw())).toEqual(['unpaid', cap(96, 0)]);
  expect(await overage()).toMatchObject({ enabled: true, paused: 'past_due' });
  await expect(agree(96)).rejects.toMatchObject({ code: 'overage_paused' });
  await putOnPaidPlan(database, tenantId, 'pro');
  await draw();
  await putOnPaidPlan(database, tenantId, 'pro', { paused: 'trialing' });
  expect(await refusalOf(draw())).toEqual(['quota', cap(96, 24)]);
});
