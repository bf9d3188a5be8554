import { expect, test } from 'vitest';
import { gateOf, plansWithApiKeys } from '../gate.ts';
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
