import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inclusiveTax, shareOf, taxAmounts } from './amount.ts';
import type { Rate } from './amount.ts';

const on = (percentage: number): Rate => ({ percentage, inclusive: false });
const within = (percentage: number): Rate => ({ percentage, inclusive: true });

describe('8 tax: what a rate takes of an amount', () => {
  test.each([
    ['19 % on top', 10_000, [on(19)], [1900]],
    ['down below the half', 43, [on(15)], [6]],
    ['up above it', 484, [on(15)], [73]],
    ['the half itself, away from zero', 50, [on(19)], [10]],
    ['of a credit as of its debit', -50, [on(19)], [-10]],
    ['four decimals', 1_000_000, [on(8.8755)], [88_755]],
    ['20 % within', 1200, [within(20)], [200]],
    ['19 % within', 9900, [within(19)], [1581]],
    ['several on top, each by itself', 1050, [on(5), on(9.975)], [53, 105]],
    ['several within share what is in it', 1150, [within(5), within(10)], [50, 100]],
    ['on top of what is left without that within', 1200, [within(20), on(10)], [200, 100]],
    ['nothing', 9900, [on(0)], [0]],
    ['of nothing', 0, [on(19), within(7)], [0, 0]],
    ['all of it', 9900, [on(100)], [9900]],
    ['beyond what doubles hold', 9_007_199_254_740_991, [on(0.0001)], [9_007_199_255]],
  ])('%s', (_name, amount, rates, taxes) => {
    expect(taxAmounts(amount, rates).map((tax) => tax.amount)).toEqual(taxes);
  });

  const rate = fc.record({
    percentage: fc.integer({ min: 0, max: 1_000_000 }).map((n) => n / 10_000),
    inclusive: fc.boolean(),
  });
  const rates = fc.array(rate, { maxLength: 5 });
  const amount = fc.integer({ min: -1e11, max: 1e11 });

  test('a credit is its debit turned round', () => {
    fc.assert(
      fc.property(amount, rates, (value, some) => {
        const turned = taxAmounts(-value, some).map((tax) => 0 - tax.amount);
        expect(turned).toEqual(taxAmounts(value, some).map((tax) => tax.amount));
      }),
    );
  });

  test('each is the exact tax, at most half a unit off', () => {
    fc.assert(
      fc.property(amount, rate, (value, one) => {
        const [tax] = taxAmounts(value, [one]);
        const part = BigInt(Math.round(one.percentage * 10_000));
        const all = one.inclusive ? 1_000_000n + part : 1_000_000n;
        const off = 2n * (BigInt(tax!.amount) * all - BigInt(value) * part);
        expect(off <= all && off >= -all).toBe(true);
      }),
    );
  });

  test('what is within and what is taxed are the whole', () => {
    fc.assert(
      fc.property(amount, rates, (value, some) => {
        const taxable = taxAmounts(value, some)[0]?.taxable ?? value;
        expect(taxable + inclusiveTax(value, some)).toBe(value);
      }),
    );
  });
});

test.each([
  [100, 1, 3, 33],
  [100, 2, 3, 67],
  [-100, 2, 3, -67],
  [-100, -2, 3, 67],
  [7, 0, 0, 0],
])('8 tax: of %i, %i parts of %i are %i', (amount, part, all, share) => {
  expect(shareOf(amount, part, all)).toBe(share);
});
