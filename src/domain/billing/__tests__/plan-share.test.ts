import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Period } from '../../period.ts';
import { monthLimits, raiseOf, shareOfLimit, type RaiseFacts } from '../plan-share.ts';
import type { Plan } from '../../plans.ts';

const PLANS_OF_TEST = {
  pro: {
    plan: 'pro',
    limits: { llm_tokens: 1_000_000, messages: 10_000, images: 500, api_calls: 1_000 },
  },
  team: {
    plan: 'team',
    limits: { llm_tokens: 10_000_000, messages: 100_000, images: 5_000, api_calls: 10_000 },
  },
} as const;
const FEBRUARY = '2027-02' as Period;
const at = (iso: string) => new Date(`${iso}Z`);

describe('9.17 a month’s limit while a part is paid', () => {
  test.each([
    [
      'an hour of 28 days',
      '2027-02-09T23:00',
      '2027-02-10T00:00',
      10_000 + Math.ceil(90_000 / 672),
    ],
    ['half the month', '2027-02-01T00:00', '2027-02-15T00:00', 55_000],
    ['from the month before to its middle', '2027-01-20T00:00', '2027-02-15T00:00', 55_000],
    ['all of it', '2027-01-20T00:00', '2027-03-10T00:00', 100_000],
    ['none of it', '2027-01-20T00:00', '2027-01-31T00:00', 10_000],
  ])('%s', (_, from, until, messages) => {
    const share = { base: PLANS_OF_TEST.pro, from: at(from), until: at(until) };
    expect(monthLimits(PLANS_OF_TEST.team, share, FEBRUARY).messages).toBe(messages);
  });

  test('whole without a share, and never less than what was paid whole', () => {
    expect(monthLimits(PLANS_OF_TEST.team, null, FEBRUARY)).toEqual(PLANS_OF_TEST.team.limits);
    const share = { base: PLANS_OF_TEST.team, from: at('2027-02-01'), until: at('2027-02-02') };
    expect(monthLimits(PLANS_OF_TEST.pro, share, FEBRUARY)).toEqual(PLANS_OF_TEST.pro.limits);
  });

  test('between the two, more seconds never less', () => {
    const limit = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(limit, limit, fc.nat(2_678_400), fc.nat(2_678_400), (base, full, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const total = 2_678_400;
        const small = shareOfLimit(base, full, less, total)!;
        const large = shareOfLimit(base, full, more, total)!;
        expect(small).toBeLessThanOrEqual(large);
        expect(large).toBeLessThanOrEqual(Math.max(base, full));
        expect(small).toBeGreaterThanOrEqual(Math.min(base, full));
      }),
    );
  });
});

const row = (changes: Partial<RaiseFacts> = {}): RaiseFacts => ({
  plan: 'pro',
  planVersion: 1,
  stripePriceId: 'price_1',
  stripeStatus: 'active',
  currentPeriodStart: at('2027-01-10T00:00'),
  raisedFrom: null,
  raisedFromVersion: null,
  raisedAt: null,
  raisedUntil: null,
  ...changes,
});
const seen = (plan: Plan, changes: object = {}) => ({
  plan,
  planVersion: 1,
  stripePriceId: 'price_1',
  stripeStatus: 'active',
  currentPeriodStart: at('2027-01-10T00:00'),
  currentPeriodEnd: at('2027-02-10T00:00'),
  latestInvoicePaid: true,
  changedAt: at('2027-02-09T23:00'),
  chargedWithin: true,
  ...changes,
});
const NEXT = {
  currentPeriodStart: at('2027-02-10T00:00'),
  currentPeriodEnd: at('2027-03-10T00:00'),
};
const RAISED = {
  raisedFrom: 'pro',
  raisedFromVersion: 1,
  raisedAt: at('2027-02-09T23:00'),
  raisedUntil: at('2027-02-10T00:00'),
} as const;
const WHOLE = { raisedFrom: null, raisedFromVersion: null, raisedAt: null, raisedUntil: null };

describe('9.17 whether a part is paid, or the whole', () => {
  test.each<[string, ReturnType<typeof seen>, RaiseFacts | undefined, object]>([
    ['a first purchase is whole', seen('team'), undefined, WHOLE],
    ['a higher plan within the period is a part', seen('team'), row(), RAISED],
    ['so it stays', seen('team'), row({ plan: 'team', ...RAISED }), RAISED],
    [
      'also over the renewal while that is not paid',
      seen('team', { ...NEXT, latestInvoicePaid: false }),
      row({ plan: 'team', ...RAISED }),
      RAISED,
    ],
    [
      'also when its period was read before it was paid',
      seen('team', { ...NEXT, stripeStatus: 'past_due', latestInvoicePaid: false }),
      row({ plan: 'team', currentPeriodStart: NEXT.currentPeriodStart, ...RAISED }),
      RAISED,
    ],
    [
      'the first renewal makes it whole',
      seen('team', NEXT),
      row({ plan: 'team', ...RAISED }),
      WHOLE,
    ],
    [
      'also when it is paid late',
      seen('team', NEXT),
      row({ plan: 'team', currentPeriodStart: NEXT.currentPeriodStart, ...RAISED }),
      WHOLE,
    ],
    [
      'a change that begins a new period is whole',
      seen('team', { ...NEXT, chargedWithin: false }),
      row(),
      WHOLE,
    ],
    [
      'a change within a period whose renewal nobody saw is a part',
      seen('team'),
      row({ currentPeriodStart: at('2026-12-10T00:00') }),
      RAISED,
    ],
    [
      'back on the lower plan there is no part',
      seen('pro', NEXT),
      row({ plan: 'team', ...RAISED }),
      WHOLE,
    ],
    [
      'a trial is whole',
      seen('team', { stripeStatus: 'trialing' }),
      row({ stripeStatus: 'trialing' }),
      WHOLE,
    ],
    [
      'and what follows it',
      seen('team', NEXT),
      row({ plan: 'team', stripeStatus: 'trialing' }),
      WHOLE,
    ],
    [
      'another version by another price, within the period',
      seen('pro', { planVersion: 2, stripePriceId: 'price_2' }),
      row(),
      RAISED,
    ],
    [
      'and its renewal',
      seen('pro', { planVersion: 2, stripePriceId: 'price_2', ...NEXT, chargedWithin: false }),
      row({ planVersion: 2, stripePriceId: 'price_2', ...RAISED }),
      WHOLE,
    ],
    [
      'and back to the version before',
      seen('pro'),
      row({ planVersion: 2, stripePriceId: 'price_2', ...RAISED }),
      { ...RAISED },
    ],
    [
      'a version that the operator gave to everybody',
      seen('pro', { planVersion: 2 }),
      row(),
      WHOLE,
    ],
    [
      'what the version before wrote knows no version',
      seen('pro', { stripePriceId: 'price_2' }),
      row({ planVersion: null }),
      WHOLE,
    ],
  ])('%s', (_, now, before, raise) => {
    expect(raiseOf(now, before)).toEqual(raise);
  });
});

/**
 * A buyer on Pro who goes up and down as often as the rules let him, over a year of calendar months
 * that do not meet his periods. What he gets beyond Pro in a month is what he paid of Team in it.
 */
test('9.17 nobody gets more of the higher plan than was paid of it', () => {
  const moves = fc.array(
    fc.record({
      upAtSeconds: fc.integer({ min: 0, max: 28 * 86_400 - 1 }),
      downAtEnd: fc.boolean(),
      goesUp: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(moves, (periods) => {
      let before: RaiseFacts = row({ currentPeriodStart: at('2027-01-10T00:00') });
      let start = at('2027-01-10T00:00');
      for (const { upAtSeconds, downAtEnd, goesUp } of periods) {
        const end = new Date(start.getTime() + 28 * 86_400_000);
        const period = { currentPeriodStart: start, currentPeriodEnd: end };
        if (before.plan === 'pro' && goesUp) {
          const changedAt = new Date(start.getTime() + upAtSeconds * 1000);
          const raise = raiseOf(seen('team', { ...period, changedAt }), before);
          before = { ...row({ plan: 'team', ...raise }), currentPeriodStart: start };
          const { raisedFrom, raisedAt, raisedUntil } = raise;
          expect(raisedFrom).toBe('pro');
          const paid = (end.getTime() - changedAt.getTime()) / 1000;
          // However the months cut the part, all of them together give no more than it.
          let extra = 0;
          for (let month = changedAt.getUTCMonth(); month <= 12; month += 1) {
            const name = new Date(Date.UTC(2027, month, 1)).toISOString().slice(0, 7) as Period;
            const share = { base: PLANS_OF_TEST.pro, from: raisedAt!, until: raisedUntil! };
            extra += monthLimits(PLANS_OF_TEST.team, share, name).messages! - 10_000;
          }
          expect(extra).toBeLessThanOrEqual(Math.ceil((90_000 * paid) / (28 * 86_400)) + 13);
        }
        const next = { currentPeriodStart: end, currentPeriodEnd: new Date(end.getTime() + 1) };
        const plan = downAtEnd ? 'pro' : before.plan;
        const raise = raiseOf(seen(plan, next), before);
        expect(raise).toEqual(WHOLE);
        before = row({ plan, ...raise, currentPeriodStart: end });
        start = end;
      }
    }),
  );
});
