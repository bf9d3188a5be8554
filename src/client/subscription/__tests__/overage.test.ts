import { expect, test } from 'vitest';
import type { OverageView } from '../../../domain/billing/overage.ts';
import { overageState } from '../overage.ts';

const ON: OverageView = {
  price: { currency: 'cny', minorPerCredit: '11' },
  ...{ paused: null, enabled: true, capMinor: 5_000, currency: 'cny', lapsed: null },
  ...{ suspended: null, usedMinor: 0, unpaidMinor: 0, exposureMinor: 5_000 },
};
const MORE = { llm_tokens: 1, messages: 1, images: 0, api_calls: 0 };
const NO_LIMITS = { llm_tokens: null, messages: null, images: null, api_calls: null };

test.each<[string, Partial<OverageView>, object | undefined, string]>([
  ['none is sold', { price: null }, MORE, 'not_sold'],
  ['it is off', { enabled: false }, MORE, 'off'],
  ['the price rose', { enabled: false, lapsed: 'price' }, MORE, 'price_rose'],
  ['a rule leaves none', { enabled: false, lapsed: 'spending_rule' }, MORE, 'ruled_out'],
  ['a bill is unpaid', { suspended: 'unpaid' }, MORE, 'suspended'],
  [
    'a bill was not collected',
    { enabled: false, lapsed: 'uncollectible', suspended: 'unpaid' },
    MORE,
    'uncollected',
  ],
  [
    'a bill was not collected, and is paid or given up by now',
    { enabled: false, lapsed: 'uncollectible' },
    MORE,
    'off',
  ],
  ['a plan is tried', { paused: 'trialing' }, MORE, 'trialing'],
  ['it goes on', { usedMinor: 4_998 }, MORE, 'on'],
  ['it goes on, and what is left is not known yet', { usedMinor: 4_999 }, undefined, 'on'],
  ['all of the cap is used', { usedMinor: 5_000 }, MORE, 'reached'],
  [
    'less than a message’s price is left',
    { usedMinor: 4_999, unpaidMinor: 4_999 },
    { ...MORE, messages: 0 },
    'reached',
  ],
  [
    'less than a token’s price is left',
    { usedMinor: 4_999, unpaidMinor: 4_999 },
    { ...MORE, llm_tokens: 0 },
    'reached',
  ],
  [
    'it is trust that leaves no more',
    { usedMinor: 10, unpaidMinor: 4_999 },
    { ...MORE, messages: 0 },
    'unpaid',
  ],
  [
    'trust leaves no more, and a message is left of quota or credits',
    { usedMinor: 10, unpaidMinor: 5_000 },
    MORE,
    'on',
  ],
])('13 what the card of overage says first where %s', (_what, overage, spendable, expected) => {
  const left = spendable && { spendable: { ...MORE, ...spendable }, memberLeft: NO_LIMITS };
  expect(overageState({ ...ON, ...overage }, left)).toBe(expected);
});

test('13 the card of overage does not call it reached where the reader’s own limit leaves nothing', () => {
  const left = {
    spendable: { ...MORE, messages: 0 },
    memberLeft: { ...NO_LIMITS, messages: 0 },
  };
  expect(overageState(ON, left)).toBe('on');
});
