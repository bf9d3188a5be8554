import { expect, test } from 'vitest';
import { worseTerms, type PlanDefinition } from '../plans.ts';

const PRO: PlanDefinition = {
  plan: 'pro',
  version: 1,
  name: 'Pro',
  features: ['basic_chat', 'advanced_models'],
  limits: { llm_tokens: 1_000, messages: 100, images: null, api_calls: 0 },
  rates: { llm_tokens: 200, messages: 100_000 },
  overage: { cny: '12', usd: '1.8' },
  rollover: { messages: 50 },
  seats: 2,
};

const limit = (images: number | null) => ({ limits: { ...PRO.limits, images } });

test.each<[string, Partial<PlanDefinition>, object[]]>([
  ['the same', {}, []],
  ['another name', { name: 'Plus' }, []],
  [
    'more of all',
    { ...limit(null), seats: 3, features: ['all_features'], rollover: { messages: 51 } },
    [],
  ],
  [
    'a limit where there was none',
    limit(5),
    [{ what: 'limit', resourceType: 'images', from: null, to: 5 }],
  ],
  ['cheaper rates, and one more', { rates: { llm_tokens: 100, messages: 100_000, images: 9 } }, []],
  [
    'a dearer rate, and one that is gone',
    { rates: { llm_tokens: 201 } },
    [
      { what: 'rate', resourceType: 'llm_tokens', from: 200, to: 201 },
      { what: 'rate', resourceType: 'messages', from: 100_000, to: null },
    ],
  ],
  [
    'a resource without a limit, and so with nothing beyond it or left over',
    { limits: { ...PRO.limits, messages: null }, rates: { llm_tokens: 200 }, rollover: {} },
    [],
  ],
  [
    'dearer overage',
    { overage: { cny: '12.1' } },
    [{ what: 'overage', currency: 'cny', from: '12', to: '12.1' }],
  ],
  [
    'no overage',
    { overage: { usd: '1' } },
    [{ what: 'overage', currency: 'cny', from: '12', to: null }],
  ],
  ['overage as before, written otherwise', { overage: { cny: '12.0' } }, []],
  ['dearer overage in what they do not pay with', { overage: { cny: '12', usd: '9' } }, []],
  [
    'less that rolls over',
    { rollover: {} },
    [{ what: 'rollover', resourceType: 'messages', from: 50, to: 0 }],
  ],
  ['fewer seats', { seats: 1 }, [{ what: 'seats', from: 2, to: 1 }]],
  [
    'a feature less',
    { features: ['basic_chat'] },
    [{ what: 'feature', feature: 'advanced_models' }],
  ],
])('12.1 who has Pro and is offered %s', (_case, change, terms) => {
  expect(worseTerms(PRO, { ...PRO, version: 2, ...change }, 'cny')).toEqual(terms);
});

test.each([
  ['more in a decimal that a float has not', '1000000', '1000000.000000000001', true],
  ['the same, written otherwise', '1000000', '1000000.000000000000', false],
  ['less in that decimal', '1000000.000000000001', '1000000', false],
])('12.1 overage that costs %s', (_case, from, to, isWorse) => {
  const before = { ...PRO, overage: { cny: from } };
  const term = { what: 'overage', currency: 'cny', from, to };
  expect(worseTerms(before, { ...before, overage: { cny: to } }, 'cny')).toEqual(
    isWorse ? [term] : [],
  );
});
