import { expect, test } from 'vitest';
import { createFormats } from '../../i18n/format.ts';
import { brokenRule } from '../broken-rule.ts';

const f = { ...createFormats('en'), moment: (at: string | Date) => `at ${String(at)}` };
const month = {
  ...{ by: 'purchase', rule: 'month', currency: 'cny', maxMinor: 20_000, spentMinor: 5_000 },
  ...{ overageMinor: 10_000, leftMinor: 5_000, freeAt: '2026-06-01' },
};

test.each([
  [
    'a month',
    month,
    'month',
    { max: 'CN¥200', spent: 'CN¥50', overage: 'CN¥100', left: 'CN¥50', until: 'at 2026-06-01' },
  ],
  ['more than any month has', { ...month, freeAt: null }, 'monthNever', { overage: 'CN¥100' }],
  ['a day', { ...month, rule: 'day' }, 'day', { max: 'CN¥200', until: 'at 2026-06-01' }],
  ['more than any day has', { ...month, rule: 'day', freeAt: null }, 'dayNever', {}],
  ['at once', { ...month, rule: 'single', freeAt: null }, 'single', { max: 'CN¥200' }],
  ['another currency', { ...month, rule: 'currency' }, 'currency', { currency: 'CNY' }],
  ['a cap', { ...month, by: 'cap' }, 'cap', { left: 'CN¥50', spent: 'CN¥50' }],
  ['a cap where nothing is allowed', { ...month, by: 'cap', rule: 'day' }, 'capNone', {}],
])('12.45 what is in the way, in words: %s', (_what, details, key, values) => {
  const said = brokenRule(details, f)!;
  expect(said.key).toBe(`credits.rule.${key}`);
  expect(said.values).toMatchObject(values);
});

test.each([{}, { rule: 'month' }, { rule: 'year', currency: 'cny' }])(
  '12.45 details that say nothing of it: %j',
  (details) => expect(brokenRule(details, f)).toBeNull(),
);
