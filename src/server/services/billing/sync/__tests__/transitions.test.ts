import { expect, test } from 'vitest';
import { transitionsOf } from '../transitions.ts';

const later = new Date('2027-02-10T00:00:00Z');
const active = {
  status: 'active',
  stripeStatus: 'active',
  plan: 'pro',
  stripePriceId: 'price_pro',
  cancelAt: null,
  endedAt: null,
  scheduledPriceId: null,
  scheduledAt: null,
} as const;
type Facts = Parameters<typeof transitionsOf>[1];

const CASES: [string, Facts | undefined, Partial<Facts>, string[]][] = [
  ['a new one', undefined, {}, ['subscription.created']],
  ['no change', active, {}, []],
  [
    'a failed renewal',
    active,
    { status: 'past_due', stripeStatus: 'past_due' },
    ['subscription.status_changed'],
  ],
  [
    'an upgrade',
    active,
    { plan: 'team', stripePriceId: 'price_team' },
    ['subscription.price_changed'],
  ],
  ['a planned end', active, { cancelAt: later }, ['subscription.cancellation_scheduled']],
  ['a planned end taken back', { ...active, cancelAt: later }, {}, ['subscription.resumed']],
  [
    'the planned end came: not "resumed" too',
    { ...active, cancelAt: later },
    { status: 'canceled', stripeStatus: 'canceled', endedAt: later },
    ['subscription.ended'],
  ],
  [
    'a planned downgrade',
    active,
    { scheduledPriceId: 'price_x', scheduledAt: later },
    ['subscription.change_scheduled'],
  ],
  [
    'a planned downgrade taken back',
    { ...active, scheduledPriceId: 'price_x', scheduledAt: later },
    {},
    ['subscription.change_unscheduled'],
  ],
];

test.each(CASES)('%s', (_, before, changes, expected) => {
  const found = transitionsOf(before, { ...active, ...changes });
  expect(found.map((one) => one.action)).toEqual(expected);
});
