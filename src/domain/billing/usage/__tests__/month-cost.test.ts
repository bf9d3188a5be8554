import { expect, test } from 'vitest';
import {
  monthCosts,
  unbilledOf,
  type CostPart,
  type MicroAtPrice,
  type Spent,
} from '../month-cost.ts';

const one = (part: CostPart, amountMinor: number, toBalanceMinor = 0): Spent => ({
  ...{ part, amountMinor, toBalanceMinor, currency: 'cny' },
});
const cny = (amountMinor: number) => [{ amountMinor, currency: 'cny' }];

test.each<[string, Spent[], number, number, [number, number, number] | null]>([
  ['nothing', [], 0, 0, null],
  [
    'all of it',
    [one('plan', 3_900), one('overage', 720), one('packs', 600)],
    0,
    0,
    [3_900, 720, 600],
  ],
  ['what is to come', [one('plan', 3_900)], 0, 9_900, [13_800, 0, 0]],
  ['given back, all of it', [one('packs', 0)], 0, 0, null],
  // 720 of overage and minus 720 of its bill.
  [
    'credited, and kept on the balance',
    [one('overage', 720), one('overage', -720, 720)],
    720,
    0,
    null,
  ],
  [
    'credited, and used by the plan, which asked for 3,180',
    [one('overage', 720), one('overage', -720, 720), one('plan', 3_180)],
    ...([0, 0] as const),
    [3_900, 0, 0],
  ],
  [
    'credited, and what is left of it is used by the next',
    [one('overage', 720), one('overage', -720, 720)],
    ...([720, 3_180] as const),
    [3_900, 0, 0],
  ],
  [
    'credited in part, and used in part',
    [one('overage', 720), one('overage', -400, 400), one('plan', 3_700)],
    ...([200, 0] as const),
    [3_900, 320, 0],
  ],
  ['a balance that was a present', [one('plan', 3_900)], 5_000, 0, [3_900, 0, 0]],
  ['less used than a bill that was given back', [one('overage', -10)], 0, 0, null],
])('what a month costs: %s', (_what, spent, balanceMinor, nextMinor, wanted) => {
  const found = monthCosts(spent, { balance: cny(balanceMinor), toCome: cny(nextMinor) });
  const parts = found.map((c) => [c.planMinor, c.overageMinor, c.packsMinor]);
  expect(parts).toEqual(wanted === null ? [] : [wanted]);
  for (const c of found) {
    expect(c.totalMinor).toBe(c.planMinor + c.overageMinor + c.packsMinor);
  }
});

test('currencies are apart, and what one is credited pays for nothing in another', () => {
  const spent = [one('overage', -720, 720), { ...one('plan', 990), currency: 'usd' }];
  const toCome = [{ amountMinor: 999, currency: 'usd' }];
  expect(monthCosts(spent, { balance: cny(720), toCome })).toEqual([
    { currency: 'usd', planMinor: 1_989, overageMinor: 0, packsMinor: 0, totalMinor: 1_989 },
  ]);
});

const at = (micro: number, minorPerCredit = '12', currency = 'cny'): MicroAtPrice => ({
  ...{ micro, minorPerCredit, currency },
});

test.each<[string, readonly MicroAtPrice[], readonly MicroAtPrice[], [string, number][]]>([
  ['nothing', [], [], []],
  ['nothing of it billed', [at(60_430_000)], [], [['cny', 725]]],
  ['all of it billed, though lines were rounded', [at(60_430_000)], [at(60_430_000)], [['cny', 0]]],
  ['a part billed, at another price', [at(2e6), at(3e6, '10.5')], [at(2e6)], [['cny', 31]]],
  ['more taken back than was drawn since', [at(2e6)], [at(3e6)], [['cny', -12]]],
  ['a part of a minor unit taken back', [at(2e6)], [at(2_010_000)], [['cny', -1]]],
  [
    'two currencies',
    [at(60e6), at(20e6, '1.8', 'usd')],
    [at(60e6)],
    [
      ['cny', 0],
      ['usd', 36],
    ],
  ],
  [
    'prices to the last decimal',
    [at(3, '0.333333333333'), at(1e6, '0.999999000001')],
    [],
    [['cny', 1]],
  ],
])('what of a month is on no statement: %s', (_what, drawn, billed, wanted) => {
  const found = unbilledOf(drawn, billed);
  expect(found.map(({ currency, amountMinor }) => [currency, amountMinor])).toEqual(wanted);
});
