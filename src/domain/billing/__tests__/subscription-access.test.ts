import { describe, expect, test } from 'vitest';
import type { SubscriptionStatus } from '../../api.ts';
import type { Plan } from '../../plans.ts';
import { effectiveSubscription, givesAccess } from '../subscription-access.ts';

const at = (day: string) => new Date(`2027-01-${day}T00:00:00Z`);
const failedAt = at('10');

function row(
  plan: Plan,
  stripeStatus: string,
  options: { status?: SubscriptionStatus; since?: Date | null; created?: Date; ended?: Date } = {},
) {
  return {
    plan,
    stripeStatus,
    status: options.status ?? 'active',
    pastDueSince: options.since ?? null,
    endedAt: options.ended ?? null,
    stripeCreatedAt: options.created ?? at('01'),
    createdAt: at('01'),
    stripeSubscriptionId: 'sub_1',
  };
}

test.each([
  ['what was given, for these arrears', at('20'), failedAt, at('19'), true],
  ['its end', at('20'), failedAt, at('20'), false],
  ['another invoice is the unpaid one', at('20'), at('09'), at('18'), false],
  ['less than the usual days', at('12'), failedAt, at('16'), true],
  ['nothing was given', null, null, at('18'), false],
] as const)('longer grace: %s', (_, graceUntil, graceFor, now, expected) => {
  const owing = row('pro', 'past_due', { status: 'past_due', since: failedAt });
  expect(givesAccess({ ...owing, graceUntil, graceFor }, now, 7)).toBe(expected);
  // Stripe's end is the end, whatever was given.
  for (const over of ['unpaid', 'canceled']) {
    const facts = { ...owing, stripeStatus: over, graceUntil, graceFor };
    expect(givesAccess(facts, now, 7)).toBe(false);
  }
});

test.each([
  ['active', 'active', null, at('20'), true],
  ['trialing', 'trialing', null, at('20'), true],
  ['past due, first instant', 'past_due', failedAt, failedAt, true],
  ['past due, last instant of grace', 'past_due', failedAt, new Date(at('17').getTime() - 1), true],
  ['past due, grace over', 'past_due', failedAt, at('17'), false],
  ['past due since nobody knows when', 'past_due', null, at('10'), false],
  ['unpaid, within what would be grace', 'unpaid', failedAt, at('11'), false],
  ['incomplete', 'incomplete', failedAt, at('11'), false],
  ['paused', 'paused', failedAt, at('11'), false],
  ['canceled', 'canceled', null, at('01'), false],
  ['incomplete_expired', 'incomplete_expired', null, at('01'), false],
] as const)('%s gives access: %s', (_, stripeStatus, since, now, expected) => {
  const status: SubscriptionStatus =
    stripeStatus === 'active' || stripeStatus === 'trialing' ? stripeStatus : 'past_due';
  expect(givesAccess(row('pro', stripeStatus, { status, since }), now, 7)).toBe(expected);
});

test.each([
  ['active', null, true],
  ['trialing', null, true],
  ['past_due', at('19'), true],
  ['past_due', null, false],
  ['canceled', null, false],
] as const)(
  'an unknown status gives what %s (past due since %s) gave',
  (status, since, expected) => {
    expect(givesAccess(row('pro', 'frozen', { status, since }), at('20'), 7)).toBe(expected);
  },
);

test('with no days of grace, past due ends access at once', () => {
  const facts = row('pro', 'past_due', { status: 'past_due', since: failedAt });
  expect(givesAccess(facts, failedAt, 0)).toBe(false);
});

describe('the effective subscription of several', () => {
  const decide = (...rows: ReturnType<typeof row>[]) => effectiveSubscription(rows, at('20'), 7);

  test('of none is free', () => {
    expect(decide()).toEqual({ plan: 'free', source: undefined, subscription: undefined });
  });

  test('an old one that ended does not touch the current one', () => {
    const ended = row('team', 'canceled', { status: 'canceled', created: at('05') });
    const current = row('pro', 'active', { created: at('02') });
    expect(decide(ended, current)).toEqual({ plan: 'pro', source: current, subscription: current });
  });

  test('two live ones give the higher plan, whatever their order', () => {
    const pro = row('pro', 'active', { created: at('09') });
    const team = row('team', 'active', { created: at('02') });
    expect(decide(pro, team).plan).toBe('team');
    expect(decide(team, pro).source).toBe(team);
  });

  test('between equals the newer is shown', () => {
    const older = row('pro', 'active', { created: at('02') });
    const newer = row('pro', 'active', { created: at('03') });
    expect(decide(older, newer).source).toBe(newer);
  });

  test('past due after its grace is still the one to show, and gives nothing', () => {
    const late = row('pro', 'past_due', { status: 'past_due', since: at('02') });
    const ended = row('pro', 'canceled', { status: 'canceled', created: at('19') });
    expect(decide(ended, late)).toEqual({ plan: 'free', source: undefined, subscription: late });
  });

  test('an unknown price of a tenant that was free grants nothing', () => {
    const foreign = row('free', 'active');
    expect(decide(foreign)).toEqual({ plan: 'free', source: undefined, subscription: foreign });
  });

  describe('of ended ones alone', () => {
    const ended = (status: string, created: Date, end: Date) =>
      row('pro', status, { status: 'canceled', created, ended: end });
    const late = ended('canceled', at('02'), at('15'));

    test.each([
      ['the newer, where both ended at once', ended('canceled', at('01'), at('15')), late],
      ['what ended last, though the other is newer', ended('canceled', at('03'), at('09')), late],
      ['what was had, not a later try', ended('incomplete_expired', at('17'), at('18')), late],
    ])('is shown %s', (_, other, shown) => {
      expect(decide(other, shown)).toMatchObject({ plan: 'free', subscription: shown });
      expect(decide(shown, other).subscription).toBe(shown);
    });
  });
});
