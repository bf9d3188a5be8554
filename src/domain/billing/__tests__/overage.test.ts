import { expect, test } from 'vitest';
import { overageEndOf, shortReasonOf } from '../overage.ts';

const cny = (minorPerCredit: string) => ({ currency: 'cny', minorPerCredit });

test.each([
  ['the same price', cny('12'), cny('12.0'), null],
  ['less', cny('12'), cny('11'), null],
  ['less in the last decimal', cny('12.000000000001'), cny('12'), null],
  ['more', cny('11'), cny('12'), 'price'],
  ['more in the last decimal', cny('12'), cny('12.000000000001'), 'price'],
  ['more, though the text is shorter', cny('9.5'), cny('10'), 'price'],
  ['another currency', cny('12'), { currency: 'usd', minorPerCredit: '1.8' }, 'price'],
  ['none sold', cny('12'), null, 'not_offered'],
] as const)('12.11 consent and a plan that asks %s', (_case, agreed, offered, reason) => {
  const price = reason === 'price' ? offered : null;
  expect(overageEndOf(agreed, offered)).toEqual(reason && { reason, price });
});

const OFF = { enabled: false, paused: null, suspended: null, lapsed: null };

test.each([
  ['it is off', {}, 'quota'],
  ['it is off, and a bill of it is unpaid', { suspended: 'unpaid' }, 'quota'],
  ['a bill was not collected', { lapsed: 'uncollectible', suspended: 'unpaid' }, 'unpaid'],
  ['that bill is paid by now', { lapsed: 'uncollectible' }, 'quota'],
  ['the price rose', { lapsed: 'price' }, 'cap'],
  ['a bill is unpaid', { enabled: true, suspended: 'unpaid' }, 'unpaid'],
  ['the cap is reached', { enabled: true }, 'cap'],
] as const)('12.24 what is in the way of more where %s', (_case, overage, reason) => {
  expect(shortReasonOf({ ...OFF, ...overage }, true)).toBe(reason);
});
