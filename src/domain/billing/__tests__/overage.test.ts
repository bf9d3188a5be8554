import { expect, test } from 'vitest';
import { overageEndOf } from '../overage.ts';

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
