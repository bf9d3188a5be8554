import { expect, test } from 'vitest';
import {
  chargedOf,
  decimalAmount,
  formatMoney,
  formatUnitPrice,
  minorOfDecimal,
} from '../money.ts';

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

test.each([
  ['cny', 2_900, 'CN¥29', '¥29'],
  ['cny', 2_853, 'CN¥28.53', '¥28.53'],
  ['cny', 2_850, 'CN¥28.50', '¥28.50'],
  ['CNY', -100, '-CN¥1', '-¥1'],
  ['usd', 0, '$0', 'US$0'],
  ['usd', 123_456, '$1,234.56', 'US$1,234.56'],
  ['jpy', 2_900, '¥2,900', 'JP¥2,900'],
  ['kwd', 1_500, 'KWD 1.500', 'KWD 1.500'],
])('13 as locals write it: %s of %i', (currency, amountMinor, en, zh) => {
  const plain = (text: string) => text.replaceAll('\u00a0', ' ');
  expect(plain(formatMoney({ amountMinor, currency }, 'en'))).toBe(en);
  expect(plain(formatMoney({ amountMinor, currency }, 'zh-CN'))).toBe(zh);
});

test.each([
  ['12', 'cny', '¥0.12'],
  ['1.8', 'usd', 'US$0.018'],
  ['100', 'cny', '¥1'],
  ['0.000001', 'cny', '¥0.00000001'],
  ['10', 'jpy', 'JP¥10'],
])('13 what one of something costs, %s of %s: all of its decimals', (minor, currency, zh) => {
  expect(formatUnitPrice(minor, currency, 'zh-CN')).toBe(zh);
});

test.each([
  ['cny', 2_900, '29.00'],
  ['cny', -2_853, '-28.53'],
  ['usd', 5, '0.05'],
  ['JPY', 2_900, '2900'],
  ['kwd', 1_500, '1.500'],
  ['cny', 0, '0.00'],
  ['cny', 900_719_925_474_099, '9007199254740.99'],
])('14 as a file has it: %s of %i is %s', (currency, amountMinor, text) => {
  expect(decimalAmount({ amountMinor, currency })).toBe(text);
});

test.each([
  ['29', 'cny', 2_900],
  [' 29.5 ', 'cny', 2_950],
  ['0.01', 'usd', 1],
  ['2900', 'jpy', 2_900],
  ['1.5', 'kwd', 1_500],
  ['29.505', 'cny', Number.NaN],
  ['1.5', 'jpy', Number.NaN],
  ['-1', 'cny', Number.NaN],
  ['1,000', 'cny', Number.NaN],
  ['nine', 'cny', Number.NaN],
  ['', 'cny', Number.NaN],
])('14 of what is written, %j of %s is %d', (written, currency, minor) => {
  expect(minorOfDecimal(written, currency)).toBe(minor);
});
