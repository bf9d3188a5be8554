import { expect, test } from 'vitest';
import { isLive, meaningOf, parseStripeStatus, standingOf } from '../subscription-status.ts';

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
  expect(known && meaningOf(known)).toMatchObject({ status, live, access });
  expect(isLive(raw)).toBe(live);
});

test.each(['', 'frozen', 'ACTIVE', 'toString', '__proto__'])(
  'the status "%s" is unknown, and live so that nobody buys twice',
  (raw) => {
    expect(parseStripeStatus(raw)).toBeUndefined();
    expect(isLive(raw)).toBe(true);
  },
);

test('of several the one that gives access counts, then what is owed, then the rest', () => {
  const ranked = ['trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'canceled'];
  const standings = ranked.map(standingOf);
  expect(standings).toEqual([...standings].sort((a, b) => b - a));
  expect(standingOf('active')).toBe(standingOf('trialing'));
  expect(standingOf('a new word')).toBeGreaterThan(standingOf('active'));
});
