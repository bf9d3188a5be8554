import { expect, test } from 'vitest';
import { formatMoney } from './money.ts';

test.each([
  [2900, 'cny', 'zh-CN', '¥29.00'],
  [2900, 'cny', 'en-GB', 'CN¥29.00'],
  [2900, 'jpy', 'en-GB', 'JP¥2,900'],
  [1234, 'kwd', 'en-GB', 'KWD\u00a01.234'],
  [-150, 'usd', 'en-GB', '-US$1.50'],
  [0, 'eur', 'en-GB', '€0.00'],
  [500, 'not a currency', 'en-GB', '5.00 NOT A CURRENCY'],
] as const)('%i %s reads in %s as %s', (amount, currency, tag, text) => {
  expect(formatMoney(amount, currency, tag)).toBe(text);
});
