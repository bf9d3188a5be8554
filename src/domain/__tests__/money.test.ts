import { expect, test } from 'vitest';
import { chargedOf } from '../money.ts';

test.each([
  ['cny', 399, 0],
  ['cny', 400, 400],
  ['usd', 49, 0],
  ['USD', 50, 50],
  ['jpy', 49, 0],
  ['gbp', 30, 30],
  ['huf', 17_499, 0],
  ['cny', 0, 0],
  ['cny', -5000, 0],
])('12 of a sum in %s of %i Stripe charges %i', (currency, amountMinor, charged) => {
  expect(chargedOf({ amountMinor, currency })).toBe(charged);
});
