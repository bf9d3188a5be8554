import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { creditFaults, imbalances } from '../../../../../../tests/support/metered-tenant.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../../../../tests/support/test-database.ts';
import { updatePurchase } from '../../../../../db/repositories/billing/credit-purchase.repository.ts';
import type { CreditPurchase } from '../../../../../db/schema/index.ts';
import { NO_RULE } from '../../../../../domain/billing/spending/rules.ts';
import { periodOf } from '../../../../../domain/period.ts';
import { HandClock } from '../../../usage/__tests__/service.ts';
import { IN_USD, own, ruledTeam } from './ruled-team.ts';

const RUNS = Number(process.env.SPENDING_RUNS ?? 15);

let database: TestDatabase;
beforeAll(async () => void (database = await createTestDatabase({ max: 12 })));
afterAll(() => database.drop());
afterEach(async () => {
  expect(await imbalances(database.pool)).toEqual([]);
  expect(await creditFaults(database.pool)).toEqual([]);
});

const clock = new HandClock('2026-05-10T12:00:00Z');

const world = (startsAt?: string) => ruledTeam(database, clock, startsAt);

test('12.21 what was agreed to counts as spent: a cap and purchases share the month', async () => {
  const { rule, agree, buy, end, draw, overage } = await world();
  await rule(own(2_000));
  expect(await buy(500)).toBeTruthy();
  expect(await agree(1_501)).toBe(false);
  expect(await agree(1_500)).toBe(true);
  expect(await buy(1)).toBeUndefined();
  // A lower cap is never refused; what it leaves can be bought with.
  expect(await agree(1_000)).toBe(true);
  expect(await agree(1_501)).toBe(false);
  expect(await buy(500)).toBeTruthy();
  // Off, it has what was used of it.
  for (let n = 0; n < 10; n += 1) await draw();
  expect(await overage()).toMatchObject({ usedMinor: 240 });
  await end();
  expect(await buy(761)).toBeUndefined();
  expect(await buy(760)).toBeTruthy();
  // A cap below that leaves no room, and so takes nothing of the month.
  expect(await agree(240)).toBe(true);
  expect(await draw()).toBe(false);
  expect(await agree(241)).toBe(false);
});

test('12.21 a hold that is open when overage is switched off keeps what it may still cost', async () => {
  const { rule, agree, buy, end, usage, images } = await world();
  await rule(own(1_000));
  await agree(480);
  const hold = await usage.reserve({ ...images, amount: 20, ttlSeconds: 60 });
  await end();
  expect(await buy(521)).toBeUndefined();
  await usage.settle({ ...images, reservationId: hold.reservationId, amount: 10 });
  expect(await buy(521)).toBeTruthy();
});

test('12.47 a tighter rule lowers the cap at once, or switches overage off, and writes it down', async () => {
  const { rule, agree, buy, draw, overage, notices, audited, usage, tenantId } = await world();
  await buy(500);
  await agree(5_000);
  await rule(own(1_220));
  expect(await overage()).toMatchObject({ enabled: true, capMinor: 720, lapsed: null });
  // Admission has the lowered one: 30 pictures of 24 fen, and not one more.
  expect((await usage.credits.read(tenantId)).spendable.images).toBe(30);
  for (let n = 0; n < 30; n += 1) expect(await draw()).toBe(true);
  expect(await draw()).toBe(false);
  // Below what is used: nothing is taken back, and nothing more is used.
  await rule(own(600));
  expect(await overage()).toMatchObject({ enabled: true, capMinor: 100, usedMinor: 720 });
  await rule(own(600, 0));
  expect(await overage()).toMatchObject({ enabled: false, lapsed: 'spending_rule' });
  expect(await draw()).toBe(false);
  expect(await agree(1)).toBe(false);
  // Looser after a day, and nothing is switched on by itself.
  await rule(NO_RULE);
  clock.set('2026-05-11T12:00:01Z');
  expect(await overage()).toMatchObject({ enabled: false });
  expect(await agree(5_000)).toBe(true);
  expect(await notices()).toEqual([720, 100, 0].map((cap) => ({ cap, reason: 'spending_rule' })));
  expect(await audited()).toEqual([
    { before: { enabled: true, capMinor: 5_000 }, after: { enabled: true, capMinor: 720 } },
    { before: { enabled: true, capMinor: 720 }, after: { enabled: true, capMinor: 100 } },
    { before: { enabled: true, capMinor: 100 }, after: { enabled: false, capMinor: 0 } },
  ]);
});

test('12.47 a rule in another currency leaves overage nothing, also while it waits', async () => {
  const { rule, agree, overage } = await world();
  await rule(own(1_000));
  expect(await agree(900)).toBe(true);
  await rule(own(9_000, null, 'usd'));
  expect(await overage()).toMatchObject({ enabled: false, lapsed: 'spending_rule' });
  expect(await agree(1)).toBe(false);
});

test('12.21 overage counts in the currency in which it was taken, also when the team pays in another since', async () => {
  const { rule, agree, buy, draw, end, payIn, usage, images } = await world();
  await agree(2_400);
  for (let n = 0; n < 20; n += 1) await draw();
  const hold = await usage.reserve({ ...images, amount: 10, ttlSeconds: 60 });
  await payIn('usd');
  expect(await agree(500, IN_USD)).toBe(true);
  for (let n = 0; n < 5; n += 1) expect(await draw()).toBe(true);
  // 20 pictures of 24 fen, and 10 that are held.
  await rule(own(1_000));
  expect(await buy(281)).toBeUndefined();
  await usage.settle({ ...images, reservationId: hold.reservationId, amount: 0 });
  expect(await buy(521)).toBeUndefined();
  expect(await buy(200)).toBeTruthy();
  // Back in the first: a cap takes of the month what was used within it.
  await payIn('cny');
  expect(await agree(801)).toBe(false);
  expect(await agree(600)).toBe(true);
  expect(await buy(201)).toBeUndefined();
  await end();
  expect(await buy(320)).toBeTruthy();
});

test('12.21 the next month begins with the cap: a pack that fits beside it is free again then', async () => {
  // Half past eleven in the evening of May in Shanghai, then June; in UTC it is May for 8 hours more.
  const { rule, agree, buy } = await world('2026-05-31T15:30:00Z');
  await rule(own(1_000));
  const may = (await buy(700))!;
  await updatePurchase(database.db, may.id, { state: 'granted', paidAt: clock.now() });
  expect(await agree(300)).toBe(true);
  clock.set('2026-05-31T16:00:00Z');
  // The cap is for May too, while overage is of May.
  expect(await agree(301)).toBe(false);
  expect(await buy(701)).toBeUndefined();
  expect(await buy(400)).toBeTruthy();
  clock.set('2026-06-01T00:00:00Z');
  expect(await agree(600)).toBe(true);
  expect(await agree(601)).toBe(false);
});

test('12.45 a race: of a pack and a cap that do not fit together one is had', async () => {
  for (let n = 0; n < 5; n += 1) {
    const { rule, agree, buy, spentOf } = await world();
    await rule(own(1_000));
    const done = await Promise.all(
      Array.from({ length: 8 }, (_, i) => (i % 2 ? agree(600) : buy(600))),
    );
    const caps = done.filter((one) => one === true).length;
    const packs = done.filter((one) => one && one !== true).length;
    // The same cap may be agreed to again.
    expect([Math.min(1, caps), packs]).toEqual(packs ? [0, 1] : [1, 0]);
    expect(await spentOf('2026-05')).toBe(600);
  }
});

test('12.21 a race: a tighter rule and a higher cap leave a cap that fits', async () => {
  for (let n = 0; n < 5; n += 1) {
    const { rule, agree, spentOf } = await world();
    await Promise.all([agree(900), rule(own(500)), agree(700)]);
    expect(await spentOf('2026-05')).toBeLessThanOrEqual(500);
  }
});

test('12.21 whatever is bought, agreed to, used and forbidden, and whenever: no month comes to more than its rule', async () => {
  const amount = fc.integer({ min: 0, max: 12 }).map((n) => n * 24);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('buy' as const), amount: amount.filter((n) => n > 0) }),
    fc.record({ kind: fc.constant('pay' as const), which: fc.nat(5) }),
    fc.record({ kind: fc.constant('fail' as const), which: fc.nat(5) }),
    fc.record({ kind: fc.constant('agree' as const), amount }),
    fc.record({ kind: fc.constant('end' as const) }),
    fc.record({ kind: fc.constant('draw' as const) }),
    fc.record({ kind: fc.constant('rule' as const), amount }),
    fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 7, 25) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { rule, agree, end, buy, draw, spentOf, maximum } = await world('2026-05-31T08:00:00Z');
      const months = ['2026-05', '2026-06'];
      const open: CreditPurchase[] = [];
      await rule(own(240));
      const had = new Map<string, number>();
      for (const one of steps) {
        const now = clock.now();
        if (one.kind === 'wait') {
          clock.set(new Date(now.getTime() + one.hours * 3_600_000).toISOString());
        } else if (one.kind === 'buy') {
          const begun = await buy(one.amount);
          if (begun) open.push(begun);
        } else if (one.kind === 'pay' || one.kind === 'fail') {
          const [taken] = open.splice(one.which % Math.max(1, open.length), 1);
          const is = one.kind === 'pay' ? { state: 'granted' as const, paidAt: now } : undefined;
          if (taken) await updatePurchase(database.db, taken.id, is ?? { state: 'failed' });
        } else if (one.kind === 'agree') await agree(one.amount);
        else if (one.kind === 'end') await end();
        else if (one.kind === 'draw') await draw();
        else await rule(own(one.amount));
        const most = await maximum();
        for (const [n, month] of months.entries()) {
          if (month > periodOf(new Date(clock.now().getTime() + 8 * 3_600_000))) continue;
          // A tighter rule takes nothing back: there is no more than there was, then.
          const before = Math.max(had.get(month) ?? 0, had.get(months[n - 1] ?? '') ?? 0);
          const spent = await spentOf(month);
          expect(spent, `${month} after ${one.kind}`).toBeLessThanOrEqual(Math.max(most, before));
          had.set(month, spent);
        }
      }
    }),
    { numRuns: RUNS },
  );
});
