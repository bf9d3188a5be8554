import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WEIGHT_ONE } from '../../../../domain/billing/usage/rate-card.ts';
import { holdWithin, longestHold, shortestHold, unitsOf } from '../token-hold.ts';

const ONE = { input: WEIGHT_ONE, cached: WEIGHT_ONE, output: WEIGHT_ONE };
const call = (weights = ONE) => ({ promptTokens: 100, maxOutputTokens: 1_024, weights });

test.each([
  ['unlimited', null, { amount: 1_124, maxTokens: 1_024 }],
  ['plenty', 50_000, { amount: 1_124, maxTokens: 1_024 }],
  ['just enough', 1_124, { amount: 1_124, maxTokens: 1_024 }],
  ['one short', 1_123, { amount: 1_123, maxTokens: 1_023 }],
  ['the shortest answer', 132, { amount: 132, maxTokens: 32 }],
  ['less than that', 131, undefined],
  ['less than the prompt', 99, undefined],
  ['nothing', 0, undefined],
])('what a call reserves with %s left', (_case, remaining, hold) => {
  expect(holdWithin(call(), remaining)).toEqual(hold);
});

test('12.6 a hold is weighed: prompt as read anew, the answer by its own weight', () => {
  const dear = call({ input: 500_000, cached: 50_000, output: 3 * WEIGHT_ONE });
  expect(longestHold(dear)).toEqual({ amount: 50 + 3_072, maxTokens: 1_024 });
  expect(shortestHold(dear)).toEqual({ amount: 50 + 96, maxTokens: 32 });
  expect(holdWithin(dear, 1_000)).toEqual({ amount: 998, maxTokens: 316 });
});

test('12.6 whatever is left and whatever weighs, the hold fits, and one token more would not', () => {
  const weight = fc.integer({ min: 1, max: 50 * WEIGHT_ONE });
  fc.assert(
    fc.property(weight, weight, fc.nat(5_000), fc.nat(200_000), (input, output, prompt, left) => {
      const planned = {
        ...{ promptTokens: prompt, maxOutputTokens: 1_024 },
        weights: { input, cached: input, output },
      };
      const hold = holdWithin(planned, left);
      if (!hold) {
        expect(shortestHold(planned).amount).toBeGreaterThan(left);
        return;
      }
      expect(hold.amount).toBeLessThanOrEqual(left);
      const isLongest = hold.maxTokens === 1_024;
      expect(isLongest || unitsOf(planned, hold.maxTokens + 1) > left).toBe(true);
    }),
  );
});
