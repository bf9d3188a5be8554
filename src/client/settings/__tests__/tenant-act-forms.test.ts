import { describe, expect, test } from 'vitest';
import { currencyOf, faultyFields, wishOf } from '../tenant-act-forms.ts';

type Money = Parameters<typeof currencyOf>[2];
type PriceList = NonNullable<Parameters<typeof currencyOf>[3]>;

/** What a screen may show of money, each in a currency of its own. */
const money = {
  payments: [{ number: 'A-1', currency: 'jpy' }],
  purchases: [{ id: 'p1', currency: 'usd' }],
  statements: [{ currency: 'eur' }],
  subscriptions: [{ nextInvoice: { amountMinor: 1, currency: 'gbp' } }],
  credits: { overage: { currency: 'chf' } },
} as unknown as Money;
const nothing = {
  ...{ payments: [], purchases: [], statements: [], subscriptions: [] },
  credits: { overage: { currency: null } },
} as unknown as Money;
const list = { plans: [{ prices: [] }, { prices: [{ currency: 'sek' }] }] } as unknown as PriceList;

describe('14 in what a sum for an act is written', () => {
  test.each<[string, Parameters<typeof currencyOf>, string | undefined]>([
    ['of an invoice that is named', ['refund_invoice', { invoice: ' A-1 ' }, money, list], 'jpy'],
    ['of a purchase that is named', ['refund_purchase', { purchaseId: 'p1' }, money, list], 'usd'],
    ['of overage that was agreed to', ['trust_overage', {}, money, list], 'chf'],
    ['of what was billed', ['refund_invoice', { invoice: 'in_9' }, money, list], 'eur'],
    [
      'of what comes next, where nothing was paid yet',
      ['refund_invoice', {}, { ...nothing, subscriptions: money.subscriptions }, list],
      'gbp',
    ],
    ['of the price list, where there is nothing', ['refund_invoice', {}, nothing, list], 'sek'],
    [
      'of the price list, for a team that is deleted',
      ['refund_invoice', {}, { ...nothing, credits: null }, list],
      'sek',
    ],
    ['unknown without prices', ['refund_invoice', {}, nothing, { plans: [] }], undefined],
  ])('%s', (_what, typed, currency) => {
    expect(currencyOf(...typed)).toBe(currency);
  });

  test.each([
    ['jpy', 900],
    ['cny', 90_000],
    [undefined, '900'],
  ])('and what is sent of 900 in %s', (currency, amountMinor) => {
    const form = { invoice: 'in_9', amountMinor: '900', ref: 'T-1' };
    expect(wishOf('refund_invoice', form, currency)).toEqual({
      invoice: 'in_9',
      amountMinor,
      ref: 'T-1',
    });
  });
});

test.each([
  [['amountMinor'], 'invalid_request', [{ path: 'amountMinor', message: 'x' }]],
  [
    ['invoice', 'amountMinor', 'reason'],
    'invalid_request',
    ['reason', 'amountMinor', 'invoice'].map((path) => ({ path })),
  ],
  [[], 'invalid_request', [{ path: 'elsewhere' }, null, 7]],
  [[], 'invalid_request', undefined],
  [[], 'invalid_period', undefined],
])('14 the fields %j are named of an answer %s', (fields, code, issues) => {
  expect(faultyFields('refund_invoice', { code, details: { issues } })).toEqual(fields);
});

test('14 a month that is none is named, where the form has one', () => {
  const problem = { code: 'invalid_period', details: {} };
  expect(faultyFields('correct_usage', problem)).toEqual(['period']);
});
