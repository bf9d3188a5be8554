import { expect, test } from 'vitest';
import { quoteOf } from '../quote.ts';

const CNY = { currency: 'cny', minorPerCredit: '12.5' };

test.each([
  ['all of the plan', 0, 0, CNY, { credits: 0, from: 'plan' }],
  ['all that credits have', 300_000, 300_000, CNY, { credits: 0.3, from: 'credits' }],
  [
    'one microcredit more',
    ...([300_001, 300_000, CNY] as const),
    { credits: 0.300001, from: 'overage', minor: 1, currency: 'cny' },
  ],
  [
    'all of overage, rounded up',
    ...([2_000_001, 0, CNY] as const),
    { credits: 2.000001, from: 'overage', minor: 26, currency: 'cny' },
  ],
  [
    'a whole sum as it is',
    ...([2_000_000, 0, CNY] as const),
    { credits: 2, from: 'overage', minor: 25, currency: 'cny' },
  ],
  [
    'the least that there is',
    ...([1, 0, { currency: 'cny', minorPerCredit: '0.001' }] as const),
    { credits: 0.000001, from: 'overage', minor: 1, currency: 'cny' },
  ],
  [
    'a little more than a whole sum',
    ...([2_000_001, 0, { currency: 'cny', minorPerCredit: '0.5' }] as const),
    { credits: 2.000001, from: 'overage', minor: 2, currency: 'cny' },
  ],
])('12.6 a message that takes %s', (_case, micro, balance, price, quote) => {
  expect(quoteOf(500, micro, balance, price)).toEqual({ units: 500, ...quote });
});
