import { expect, test } from 'vitest';
import { isAgreed } from '../top-up.ts';

const AGREED = { currency: 'cny', amountMinor: 600, credits: 60, validDays: 365 };

test.each([
  ['the same', {}, true],
  ['cheaper', { amountMinor: 599 }, true],
  ['dearer', { amountMinor: 601 }, false],
  ['more credits', { credits: 61 }, true],
  ['fewer credits', { credits: 59 }, false],
  ['more days', { validDays: 366 }, true],
  ['fewer days', { validDays: 364 }, false],
  ['another currency', { currency: 'usd' }, false],
  ['cheaper, for fewer days', { amountMinor: 1, validDays: 364 }, false],
])('a pack that is %s than what was agreed to is charged or not', (_case, change, isCharged) => {
  expect(isAgreed(AGREED, { ...AGREED, ...change })).toBe(isCharged);
});

test('who agreed before days were noted has none of them', () => {
  expect(isAgreed({ ...AGREED, validDays: null }, { ...AGREED, validDays: 1 })).toBe(true);
});
