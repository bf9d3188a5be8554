import { expect, test } from 'vitest';
import { cancelsAt, isLive, meaningOf, parseStripeStatus } from '../subscription-status.ts';

test.each([
  ['active', 'active', true, 'plan'],
  ['trialing', 'trialing', true, 'plan'],
  ['past_due', 'past_due', true, 'grace'],
  ['unpaid', 'past_due', true, 'none'],
  ['incomplete', 'past_due', true, 'none'],
  ['paused', 'past_due', true, 'none'],
  ['canceled', 'canceled', false, 'none'],
  ['incomplete_expired', 'canceled', false, 'none'],
] as const)('%s at Stripe is %s with us, live %s, access %s', (raw, status, live, access) => {
  const known = parseStripeStatus(raw);
  expect(known && meaningOf(known)).toEqual({ status, live, access });
  expect(isLive(raw)).toBe(live);
});

test.each(['', 'frozen', 'ACTIVE', 'toString', '__proto__'])(
  'the status "%s" is unknown, and live so that nobody buys twice',
  (raw) => {
    expect(parseStripeStatus(raw)).toBeUndefined();
    expect(isLive(raw)).toBe(true);
  },
);

const periodEnd = new Date('2027-01-20T00:00:00Z');
const earlier = new Date('2027-01-10T00:00:00Z');

test.each([
  ['nothing set', null, false, periodEnd, null],
  ['the flag alone', null, true, periodEnd, periodEnd],
  ['the instant alone, as the portal sets it', earlier, false, periodEnd, earlier],
  ['both', periodEnd, true, periodEnd, periodEnd],
  ['the flag without a period', null, true, null, null],
])(
  'with %s the end is read right',
  (_, cancelAt, cancelAtPeriodEnd, currentPeriodEnd, expected) => {
    expect(cancelsAt({ cancelAt, cancelAtPeriodEnd, currentPeriodEnd })).toEqual(expected);
  },
);
