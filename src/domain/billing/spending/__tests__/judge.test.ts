import { describe, expect, test } from 'vitest';
import { capLeft, judgeCap, judgeSpending, type OverageTaken } from '../judge.ts';
import { NO_RULE, type SpendingRule } from '../rules.ts';

const now = new Date('2026-05-10T12:00:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);
const own = (
  single: number | null,
  day: number | null,
  month: number | null,
  currency = 'cny',
): SpendingRule => ({
  ...{ preset: 'own', currency },
  ...{ singleMaxMinor: single, dayMaxMinor: day, monthMaxMinor: month },
});
const spent = (dayMinor: number, monthMinor: number) => ({
  ...{ dayMinor, monthMinor, month: '2026-05' },
  ...{ dayEndsAt: after(1), monthEndsAt: after(2) },
});

describe('12.45 what a rule allows', () => {
  test.each([
    ['no rule', NO_RULE, spent(0, 0), 10_000_000, undefined],
    ['exactly the single sum', own(5_000, null, null), spent(0, 0), 5_000, undefined],
    ['a fen above it, whenever', own(5_000, null, null), spent(0, 0), 5_001, ['single', null]],
    ['the rest of the day', own(null, 1_000, null), spent(400, 400), 600, undefined],
    ['more than that today', own(null, 1_000, null), spent(401, 401), 600, ['day', after(1)]],
    ['more than any day has', own(null, 500, null), spent(0, 0), 600, ['day', null]],
    ['the rest of the month', own(null, null, 20_000), spent(0, 19_000), 1_000, undefined],
    ['¥12 at ¥190 of ¥200', own(null, null, 20_000), spent(0, 19_000), 1_200, ['month', after(2)]],
    ['day and month: the longer', own(null, 1, 1_200), spent(1, 1), 1_200, ['month', after(2)]],
    ['nothing at all', own(0, 0, 0), spent(0, 0), 1, ['single', null]],
  ] as const)('%s', (_what, rule, had, amountMinor, broken) => {
    const found = judgeSpending(rule, had, { amountMinor, currency: 'cny' });
    expect(found && [found.rule, found.freeAt]).toEqual(broken);
  });

  test('another currency than the rule’s is none that is left open', () => {
    const found = judgeSpending(own(null, null, 1), spent(0, 0), {
      ...{ amountMinor: 1, currency: 'usd' },
    });
    expect(found).toMatchObject({ rule: 'currency', currency: 'cny' });
  });
});

describe('12.45 overage counts with its whole cap', () => {
  const inForce = (capMinor: number, monthMinor = capMinor): OverageTaken => ({
    ...{ capMinor, monthMinor },
  });
  test.each([
    ['beside what is spent', own(null, null, 20_000), 5_000, inForce(15_000), 1, ['month', 0, 2]],
    ['to the last fen', own(null, null, 20_000), 5_000, inForce(14_999), 1, undefined],
    [
      'as much as no month leaves',
      own(null, null, 20_000),
      0,
      inForce(15_000),
      6_000,
      ['month', 5_000, null],
    ],
    [
      'what was used, though it is off',
      own(null, null, 20_000),
      0,
      inForce(0, 19_500),
      600,
      ['month', 500, 2],
    ],
    [
      'what was used above a lower cap',
      own(null, null, 20_000),
      0,
      inForce(100, 19_500),
      600,
      ['month', 500, 2],
    ],
    ['of a day nothing', own(null, 600, null), 0, inForce(15_000), 600, undefined],
  ] as const)('of a month: %s', (_what, rule, had, overage, amountMinor, broken) => {
    const found = judgeSpending(rule, spent(0, had), { amountMinor, currency: 'cny' }, overage);
    const until = broken && (broken[2] === null ? null : after(broken[2]));
    expect(found && [found.rule, found.leftMinor, found.freeAt]).toEqual(
      broken && [broken[0], broken[1], until],
    );
  });

  test.each([
    ['no rule', NO_RULE, 0, 10_000_000, undefined],
    ['what the month leaves', own(5_000, null, 20_000), 5_000, 15_000, undefined],
    ['a fen more', own(5_000, null, 20_000), 5_000, 15_001, ['month', 15_000, 2]],
    ['more than any month has', own(null, null, 20_000), 0, 20_001, ['month', 20_000, null]],
    ['no maximum a month', own(5_000, 5_000, null), 9_000, 90_000, undefined],
    ['nothing at once', own(0, null, null), 0, 1, ['single', 0, null]],
    ['nothing a day', own(null, 0, 20_000), 0, 1, ['day', 0, null]],
    ['another currency', own(null, null, 20_000, 'usd'), 0, 1, ['currency', null, null]],
    ['a cap of nothing, which allows nothing', own(0, 0, 0), 0, 0, undefined],
  ] as const)('a cap: %s', (_what, rule, spentMinor, amountMinor, broken) => {
    const had = { spentMinor, monthEndsAt: after(2) };
    const found = judgeCap(rule, had, { amountMinor, currency: 'cny' });
    const until = broken && (broken[2] === null ? null : after(broken[2]));
    expect(found && [found.rule, found.leftMinor, found.freeAt]).toEqual(
      broken && [broken[0], broken[1], until],
    );
    // What is left is what is allowed, and not a fen more.
    const most = capLeft([rule], spentMinor, 'cny');
    expect(found === undefined).toBe(most === null || amountMinor <= most);
  });

  test('of several rules the one that leaves least', () => {
    expect(capLeft([own(null, null, 900), own(null, null, 500)], 200, 'cny')).toBe(300);
    expect(capLeft([own(null, null, 900), own(null, null, 9, 'usd')], 200, 'cny')).toBe(0);
    expect(capLeft([], 200, 'cny')).toBeNull();
  });
});
