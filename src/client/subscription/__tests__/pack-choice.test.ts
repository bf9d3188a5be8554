import { expect, test } from 'vitest';
import { currencyAmong, ruleCurrency, stillAgreed, usualCurrency } from '../pack-choice.ts';

test.each([
  ['billed in yuan', { usualCurrency: 'cny' }, 'en', 'cny'],
  ['billed in dollars', { usualCurrency: 'usd' }, 'zh-CN', 'usd'],
  ['never billed', { usualCurrency: null }, 'en', 'usd'],
  ['never billed', { usualCurrency: null }, 'zh-CN', 'cny'],
  ['not read yet', undefined, 'zh-CN', 'cny'],
] as const)(
  'a team that is %s is asked in %o by a page in %s: %s',
  (_what, overview, language, said) => {
    expect(usualCurrency(overview, language)).toBe(said);
  },
);

test.each([
  [['cny', 'usd'], 'usd', 'usd'],
  [['cny', 'usd'], 'eur', 'cny'],
  [[], 'usd', undefined],
])('of %j, where %s is wanted, it is %s', (currencies, wanted, found) => {
  expect(currencyAmong(currencies, wanted)).toBe(found);
});

test.each<[string, string | null, string | null, string | null, string]>([
  ['billed in yuan, with a rule of before in dollars', 'cny', 'cny', 'usd', 'cny'],
  ['free, with a rule in dollars', null, 'cny', 'usd', 'usd'],
  ['free, without a rule', null, 'usd', null, 'usd'],
  ['new', null, null, null, 'cny'],
])(
  '12.5 a team that is %s sets its rule in what can be spent',
  (_what, currency, usualCurrency, has, said) => {
    expect(ruleCurrency({ currency, usualCurrency }, has, 'zh-CN')).toBe(said);
  },
);

test.each([
  ['pays in it', 'cny', true],
  ['is bound to none', null, true],
  ['pays in another currency by now', 'usd', false],
])('a maximum of an automatic purchase that was agreed to, of who %s', (_who, currency, stays) => {
  const agreed = { amountMinor: 3_000, currency: 'cny' };
  expect(stillAgreed({ currency }, agreed)).toEqual(stays ? agreed : null);
  expect(stillAgreed({ currency }, null)).toBeNull();
});
