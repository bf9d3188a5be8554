import { expect, test } from 'vitest';
import type { SubscriptionView } from '../../../domain/api.ts';
import { describeCurrent, statusOf } from '../current-plan.ts';
import { FREE, PRO } from './samples.ts';

const END = '2026-12-13T00:00:00Z';
const trial = { ...PRO, status: 'trialing', trialEnd: '2026-11-20T00:00:00Z' } as const;
const scheduledChange = { plan: 'pro', priceId: 'pro_month', effectiveAt: END } as const;

const rows: [string, SubscriptionView, ReturnType<typeof describeCurrent>, string][] = [
  ['who never paid', FREE, { kind: 'free' }, 'active'],
  ['paid up', PRO, { kind: 'renews', at: END }, 'active'],
  ['cancelled by flag', { ...PRO, cancelAtPeriodEnd: true }, { kind: 'ends', at: END }, 'ending'],
  [
    'cancelled by date',
    { ...PRO, cancelAt: '2026-12-01T00:00:00Z' },
    { kind: 'ends', at: '2026-12-01T00:00:00Z' },
    'ending',
  ],
  ['on trial', trial, { kind: 'trial', at: trial.trialEnd, thenFree: false }, 'trialing'],
  [
    'on trial, cancelled',
    { ...trial, cancelAtPeriodEnd: true },
    { kind: 'trial', at: trial.trialEnd, thenFree: true },
    'ending',
  ],
  [
    'a lower plan to follow',
    { ...PRO, plan: 'team', scheduledChange },
    { kind: 'scheduled', at: END, next: 'pro' },
    'active',
  ],
  [
    'paused, which is no debt',
    { ...PRO, status: 'past_due', pause: { of: 'subscription', resumesAt: null } },
    { kind: 'paused' },
    'paused',
  ],
  ['past due', { ...PRO, status: 'past_due' }, { kind: 'past_due' }, 'past_due'],
  [
    'ended',
    { ...PRO, plan: 'free', status: 'canceled', cancelAt: END },
    { kind: 'ended', at: END },
    'canceled',
  ],
  [
    'ended, as the trial was not the first',
    { ...FREE, status: 'canceled', cancelAt: END, endReason: 'trial_used' },
    { kind: 'trial_used' },
    'canceled',
  ],
];

test.each(rows)('%s', (_who, subscription, label, status) => {
  expect(describeCurrent(subscription)).toEqual(label);
  expect(statusOf(subscription)).toBe(status);
});
