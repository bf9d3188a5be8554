import { expect, test } from 'vitest';
import { monthlyMinor, mrrMovement } from '../prices.ts';

test.each([
  [{ amountMinor: 2900, quantity: 1, interval: 'month', intervalCount: 1 }, 2900],
  [{ amountMinor: 2900, quantity: 3, interval: 'month', intervalCount: 1 }, 8700],
  [{ amountMinor: 29_000, quantity: 1, interval: 'year', intervalCount: 1 }, 2417],
  [{ amountMinor: 6000, quantity: 1, interval: 'month', intervalCount: 3 }, 2000],
  [{ amountMinor: 1200, quantity: 1, interval: 'week', intervalCount: 1 }, 5200],
  [{ amountMinor: 1200, quantity: 1, interval: 'fortnight', intervalCount: 1 }, 0],
  [{ amountMinor: 0, quantity: 1, interval: 'month', intervalCount: 1 }, 0],
])('14 %o is %i a month', (recurring, expected) => {
  expect(monthlyMinor(recurring)).toBe(expected);
});

test.each([
  [0, 2900, false, 'new'],
  [0, 2900, true, 'reactivation'],
  [2900, 9900, true, 'expansion'],
  [9900, 2900, true, 'contraction'],
  [2900, 0, true, 'churn'],
] as const)('14 from %i to %i is %s %s', (before, after, hadAny, kind) => {
  expect(mrrMovement(before, after, hadAny)).toBe(kind);
});
