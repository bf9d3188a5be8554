import { expect, test } from 'vitest';
import type { SubscriptionView } from '../../../domain/api.ts';
import type { WorseTerm } from '../../../domain/plans.ts';
import { directionOf, reachOf, type Reach } from '../announced.ts';
import { FREE, PRO } from './samples.ts';

const BEFORE = '2026-12-01T00:00:00Z';
const EFFECTIVE = '2026-12-13T00:00:00.000Z';
const AFTER = '2027-01-13T00:00:00Z';
const less: WorseTerm = { what: 'limit', resourceType: 'images', from: 500, to: 100 };
const dearer: WorseTerm = { what: 'rate', resourceType: 'images', from: 10, to: 20 };
const soldNoMore: WorseTerm = { what: 'overage', currency: 'cny', from: '12', to: null };

test.each([
  [[less], 'less'],
  [[dearer], 'dearer'],
  [[dearer, less], 'both'],
  [[soldNoMore], 'less'],
  [[soldNoMore, dearer], 'both'],
] as const)('12.1 of %j it is said that it is %s', (terms, direction) => {
  expect(directionOf(terms)).toBe(direction);
});

const pro: SubscriptionView = {
  ...PRO,
  announcedChange: { effectiveAt: EFFECTIVE, terms: [less] },
};
const toTeam = { plan: 'team', priceId: 'team_month' } as const;
const rows: [string, SubscriptionView, Reach | null][] = [
  ['who never paid', FREE, null],
  [
    'who has Free',
    { ...FREE, announcedChange: { effectiveAt: EFFECTIVE, terms: [dearer] } },
    { kind: 'of_free' },
  ],
  [
    'who has Free until a bill is paid',
    { ...pro, plan: 'free', status: 'past_due' },
    { kind: 'of_free' },
  ],
  ['who has what nothing is announced of', PRO, null],
  ['who goes on', { ...pro, currentPeriodEnd: BEFORE }, { kind: 'reaches', endsAt: BEFORE }],
  ['who paid a year', { ...pro, currentPeriodEnd: AFTER }, { kind: 'reaches', endsAt: AFTER }],
  ['who owes', { ...pro, status: 'past_due' }, { kind: 'reaches', endsAt: null }],
  [
    'whose subscription rests',
    { ...pro, pause: { of: 'subscription', resumesAt: null } },
    { kind: 'reaches', endsAt: null },
  ],
  ['who ends before', { ...pro, cancelAt: BEFORE }, { kind: 'ends_before', at: BEFORE }],
  ['who ends with it', { ...pro, cancelAt: EFFECTIVE }, { kind: 'ends_before', at: EFFECTIVE }],
  [
    'who ends after',
    { ...pro, cancelAtPeriodEnd: true, currentPeriodEnd: AFTER },
    { kind: 'ends_after', at: AFTER },
  ],
  [
    'who changes the plan before',
    { ...pro, scheduledChange: { ...toTeam, effectiveAt: BEFORE } },
    { kind: 'changes_before', at: BEFORE, next: 'team' },
  ],
  [
    'who changes the plan after',
    { ...pro, currentPeriodEnd: AFTER, scheduledChange: { ...toTeam, effectiveAt: AFTER } },
    { kind: 'reaches', endsAt: AFTER },
  ],
  [
    'who changes the interval alone',
    {
      ...pro,
      currentPeriodEnd: BEFORE,
      scheduledChange: { plan: 'pro', priceId: 'pro_year', effectiveAt: BEFORE },
    },
    { kind: 'reaches', endsAt: BEFORE },
  ],
];
test.each(rows)('12.1 an announced change and %s', (_case, subscription, reach) => {
  expect(reachOf(subscription)).toEqual(reach);
});
