import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Period } from '../../period.ts';
import {
  floorOf,
  foldCredits,
  lineOf,
  minorOf,
  plainPrice,
  creditAccountState,
  type DrawnSum,
  type StatementState,
} from '../statement.ts';
import { stateAtClosing } from '../usage/closing.ts';

const drawn = (micro: number, minorPerCredit = '12.5'): DrawnSum => ({
  ...{ period: '2027-01' as Period, resourceType: 'messages', rateMicro: 100_000 },
  ...{ minorPerCredit, units: micro / 100_000, micro },
});

test.each([
  [1_000_000, '10', 10],
  [999_999, '10', 9],
  [0, '10', 0],
  [1, '0.000001', 0],
  [1_000_000_000_000, '0.000001', 1],
  [9_000_000_000_000, '12.345678901234', 111_111_110],
  [80_000, '12.5', 1],
  [79_999, '12.5', 0],
])('12.13 %d µcr at %s a credit cost %d, rounded down once', (micro, price, minor) => {
  expect(minorOf(micro, price)).toBe(minor);
});

test.each(['', '-1', '1.', '.5', '1e3', '1.1234567890123'])('12.4 "%s" is no price', (price) => {
  expect(() => minorOf(1, price)).toThrow('is no price');
});

test('12.4 prices are compared without the zeros behind', () => {
  expect(['10.000000000000', '10', '100', '0.50'].map(plainPrice)).toEqual([
    '10',
    '10',
    '100',
    '0.5',
  ]);
});

test('12.13 however a month is cut, its statements add up to the whole of it, never more', () => {
  const parts = fc.array(fc.integer({ min: -3_000_000, max: 9_000_000 }), { maxLength: 30 });
  const price = fc
    .tuple(fc.nat(99_999), fc.nat(999_999_999_999))
    .map(([whole, decimals]) => `${whole}.${String(decimals).padStart(12, '0')}`);
  fc.assert(
    fc.property(parts, price, (micros, minorPerCredit) => {
      let before = 0;
      let billed = 0;
      for (const wanted of micros) {
        // What comes back was drawn before.
        const micro = Math.max(wanted, -before);
        billed += lineOf(drawn(micro, minorPerCredit), before).amountMinor;
        before += micro;
        expect(billed).toBe(minorOf(before, minorPerCredit));
      }
      const exact = (before * Number(minorPerCredit)) / 1_000_000;
      expect(billed).toBeLessThanOrEqual(exact + 1e-3);
    }),
  );
});

describe('12.28 what is too little waits for more', () => {
  test.each([
    ['cny', 500],
    ['usd', 100],
    ['gbp', 100],
    ['jpy', 100],
    ['hkd', 800],
  ])('the floor of %s is %d', (currency, floor) => {
    expect(floorOf(currency)).toBe(floor);
  });

  test.each([
    [499, false, 'carried'],
    [500, false, 'closed'],
    [499, true, 'written_off'],
    [-20, false, 'carried'],
    [500, true, 'closed'],
  ] as const)('%d, at the end: %s, is %s', (amountMinor, isEnd, state) => {
    expect(stateAtClosing({ amountMinor, currency: 'cny' }, { isEnd })).toBe(state);
  });
});

const paid = (back: number, disputeStatus: string | null = null) => ({
  ...{ amountPaidMinor: 720, fromBalanceMinor: 0, amountRefundedMinor: back, disputeStatus },
});

const byBalance = (fromBalanceMinor: number) => ({
  ...{ amountPaidMinor: 720 - fromBalanceMinor, fromBalanceMinor },
});

test.each<[string, StatementState, ReturnType<typeof paid> | undefined, string | null]>([
  ['carried', 'carried', undefined, null],
  ['closed', 'closed', undefined, 'billed'],
  ['open', 'open', undefined, 'billed'],
  ['failed', 'failed', undefined, 'failed'],
  ['uncollectible', 'uncollectible', undefined, 'uncollectible'],
  ['voided', 'void', undefined, 'void'],
  ['written off', 'written_off', undefined, 'void'],
  ['paid', 'paid', paid(0), 'paid'],
  ['paid before the payment is known', 'paid', undefined, 'paid'],
  ['paid by a balance', 'paid', { ...paid(0), ...byBalance(720) }, 'paid'],
  [
    'paid by a balance, and a part is back on it',
    'paid',
    { ...paid(719), ...byBalance(720) },
    'paid',
  ],
  [
    'paid by both, and the card’s part is back',
    'paid',
    { ...paid(420), ...byBalance(300) },
    'paid',
  ],
  ['paid by both, and all is back', 'paid', { ...paid(720), ...byBalance(300) }, 'returned'],
  ['refunded in part', 'paid', paid(719), 'paid'],
  ['refunded wholly', 'paid', paid(720), 'returned'],
  ['disputed', 'paid', paid(0, 'needs_response'), 'returned'],
  ['asked about by the bank', 'paid', paid(0, 'warning_needs_response'), 'returned'],
  ['asked about, and nothing came of it', 'paid', paid(0, 'warning_closed'), 'paid'],
  ['disputed, with a status of tomorrow', 'paid', paid(0, 'of_tomorrow'), 'returned'],
  ['won', 'paid', paid(0, 'won'), 'paid'],
  ['won, and then refunded', 'paid', paid(720, 'won'), 'returned'],
  ['lost', 'paid', paid(0, 'lost'), 'lost'],
  ['refunded in part, and the rest lost', 'paid', paid(200, 'lost'), 'lost'],
])('12.22 an account is told of a statement that is %s', (_what, state, payment, told) => {
  expect(creditAccountState({ state, writeOffAskedAt: null }, payment)).toBe(told);
});

test.each([
  ['paid', 'returned'],
  ['returned', 'returned'],
  ['billed', 'void'],
] as const)('12.26 credited wholly where the account has it as %s: %s', (told, state) => {
  expect(creditAccountState({ state: 'void', writeOffAskedAt: null, told }, paid(0))).toBe(state);
});

test('12.22 what a bank took back is unpaid until staff gives it up', () => {
  const given = { state: 'paid', writeOffAskedAt: new Date(0) } as const;
  expect(creditAccountState(given, paid(0, 'lost'))).toBe('returned');
});

describe('12.54 what owes the customer something is one line with others', () => {
  const amounts = (lines: readonly number[]) =>
    foldCredits(lines.map((amountMinor) => ({ amountMinor }))).map((parts) =>
      parts.map(({ amountMinor }) => amountMinor),
    );

  test.each([
    ['nothing owes', [300, 0, 500], [[300], [0], [500]]],
    ['the largest is enough', [300, -200, 500], [[300], [500, -200]]],
    ['it takes two', [300, 100, -600, 500], [[100], [500, 300, -600]]],
    ['two of them', [-100, 900, -200, 50], [[900, -100, -200], [50]]],
    ['one that would come to nothing takes another', [500, -500, 500], [[500, 500, -500]]],
  ])('%s', (_name, lines, folded) => {
    expect(amounts(lines)).toEqual(folded);
  });

  test('every line is in one of them, and what comes to more than nothing has none below it', () => {
    const line = fc.integer({ min: -5_000, max: 5_000 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
        const folded = amounts(lines);
        expect(folded.flat().toSorted()).toEqual(lines.toSorted());
        const sum = (parts: readonly number[]) => parts.reduce((all, one) => all + one, 0);
        if (sum(lines) > 0) expect(Math.min(...folded.map(sum))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
