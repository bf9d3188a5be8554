import { expect, test } from 'vitest';
import { gateOf, hasNoQuota, heldResource, plansWithApiKeys } from '../gate.ts';
import { PLANS } from './samples.ts';

test.each([
  [
    'a feature of a higher plan',
    { code: 'upgrade_required', details: { feature: 'advanced_models', plans: ['pro', 'team'] } },
    { kind: 'feature', feature: 'advanced_models', plans: ['pro', 'team'] },
  ],
  [
    'a quota that is used up',
    {
      code: 'quota_exceeded',
      details: {
        resource: 'messages',
        limit: 100,
        used: 100,
        resetsAt: '2026-12-01T00:00:00Z',
        plans: ['pro'],
      },
    },
    {
      kind: 'quota',
      sellsCredits: false,
      overage: null,
      resource: 'messages',
      used: 100,
      limit: 100,
      resetsAt: '2026-12-01T00:00:00Z',
      plans: ['pro'],
    },
  ],
  ['too many requests, which is no gate', { code: 'rate_limited', details: {} }, null],
  ['a role that may not, which is no gate', { code: 'billing_role_required', details: {} }, null],
  [
    'plans we do not know',
    { code: 'upgrade_required', details: { plans: ['gold', 'pro'] } },
    { kind: 'feature', feature: 'api_calls', plans: ['pro'] },
  ],
])('%s', (_case, problem, expected) => {
  expect(gateOf(problem)).toEqual(expected);
});

test('API keys come with the plans that may call', () => {
  expect(plansWithApiKeys(PLANS)).toEqual(['pro', 'team']);
});

test('12.3 credits are offered where they would pay for more', () => {
  const details = { resource: 'messages', plans: [] };
  const gate = (packs: unknown) =>
    gateOf({ code: 'quota_exceeded', details: { ...details, packs } });
  expect(gate(['small'])).toMatchObject({ sellsCredits: true });
  expect(gate([])).toMatchObject({ sellsCredits: false });
  expect(gate('small')).toMatchObject({ sellsCredits: false });
});

const CAP = { capMinor: 4_000, usedMinor: 3_999, currency: 'cny', lapsed: null };

test.each([
  ['no overage', { reason: 'quota', cap: null }, null],
  [
    'the cap is reached',
    { reason: 'cap', cap: CAP },
    {
      ...{ reason: 'cap', used: { amountMinor: 3_999, currency: 'cny' } },
      cap: { amountMinor: 4_000, currency: 'cny' },
    },
  ],
  ['the price rose', { reason: 'cap', cap: { ...CAP, lapsed: 'price' } }, { reason: 'price' }],
  ['a bill is unpaid', { reason: 'unpaid', cap: CAP }, { reason: 'unpaid' }],
  ['no cap with it', { reason: 'cap', cap: null }, null],
  ['a cap that cannot be read', { reason: 'cap', cap: { ...CAP, capMinor: '5' } }, null],
  ['an answer of before', { reason: 'cap' }, null],
])('12.4 where overage is in the way, the paywall says why: %s', (_case, details, expected) => {
  const problem = { code: 'quota_exceeded', details: { resource: 'messages', ...details } };
  expect(gateOf(problem)).toMatchObject({ overage: expected });
});

test.each([
  ['the quota, by answers under way', 'quota_exceeded', 'in_progress', 'messages', 'messages'],
  ['one’s own limit, by answers under way', 'member_limit', 'in_progress', 'images', 'images'],
  ['the quota is used up', 'quota_exceeded', 'quota', 'messages', null],
  ['one’s own limit is used up', 'member_limit', 'member_limit', 'messages', null],
  ['a refusal that waits for something else', 'rate_limited', 'in_progress', 'messages', null],
  ['a resource we do not know', 'member_limit', 'in_progress', 'gold', null],
])('10.4 what is waited for: %s', (_case, code, reason, resource, expected) => {
  expect(heldResource({ code, details: { reason, resource } })).toBe(expected);
});

test.each([
  ['no quota of it', 0, 'not_included', true],
  ['what was taken off it', 0, 'exceeded', false],
  ['a quota that is used up', 100, 'exceeded', false],
  ['what is not known yet', 0, undefined, false],
] as const)('12.1 a gate of %s', (_what, limit, level, expected) => {
  const details = { resource: 'images', limit, used: 0, packs: ['small'] };
  const gate = gateOf({ code: 'quota_exceeded', details })!;
  expect(hasNoQuota(gate, level && { level })).toBe(expected);
});
