import { describe, expect, test } from 'vitest';
import type { PriceAction, SubscriptionView } from '../../../domain/api.ts';
import { bestSavingPercent, describeCards } from '../plan-card.ts';
import { FREE, PLANS, PRO } from './samples.ts';

const actionsOf = (
  subscription: SubscriptionView,
  actions: Record<string, PriceAction>,
  interval: 'month' | 'year' = 'month',
) => describeCards(PLANS, interval, { subscription, actions }).map(({ action }) => action);

const ON_FREE: Record<string, PriceAction> = {
  pro_month: 'subscribe',
  pro_year: 'subscribe',
  team_month: 'subscribe',
};
const ON_PRO: Record<string, PriceAction> = {
  pro_month: 'current',
  pro_year: 'switch_interval',
  team_month: 'upgrade',
};

describe('the button of each card', () => {
  test.each([
    ['who never paid', FREE, ON_FREE, ['current', 'subscribe', 'subscribe']],
    ['on Pro', PRO, ON_PRO, ['to_free', 'current', 'upgrade']],
    [
      'cancelled by flag',
      { ...PRO, cancelAtPeriodEnd: true },
      ON_PRO,
      ['after_cancel', 'resume', 'upgrade'],
    ],
    [
      'cancelled by date',
      { ...PRO, cancelAt: '2026-12-13T00:00:00Z' },
      ON_PRO,
      ['after_cancel', 'resume', 'upgrade'],
    ],
    [
      'on Team, Pro to follow',
      {
        ...PRO,
        plan: 'team',
        priceId: 'team_month',
        scheduledChange: { plan: 'pro', priceId: 'pro_month', effectiveAt: '2026-12-13T00:00:00Z' },
      },
      { pro_month: 'scheduled', pro_year: 'downgrade', team_month: 'current' },
      ['to_free', 'scheduled', 'undo'],
    ],
    [
      'ended',
      { ...PRO, plan: 'free', status: 'canceled' },
      ON_FREE,
      ['current', 'subscribe', 'subscribe'],
    ],
  ] as const)('%s', (_who, subscription, actions, expected) => {
    expect(actionsOf(subscription as SubscriptionView, actions)).toEqual(expected);
  });

  test('nothing may be pressed while the subscription is not known', () => {
    expect(describeCards(PLANS, 'month', undefined).map(({ action }) => action)).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('the price of each card', () => {
  test('yearly shows the total, a twelfth of it and the saving', () => {
    const pro = describeCards(PLANS, 'year', undefined)[1]!;
    expect(pro.price?.amountMinor).toBe(29_000);
    expect(pro.yearly).toEqual({ equivalentMinor: 2_417, savingPercent: 16 });
  });

  test('a plan without a yearly price stays monthly, and says so', () => {
    const team = describeCards(PLANS, 'year', undefined)[2]!;
    expect(team).toMatchObject({
      monthlyOnly: true,
      price: { priceId: 'team_month' },
      yearly: null,
    });
  });

  test('a paid plan without prices is left out, so that it never reads as free', () => {
    const plans = PLANS.map((plan) => ({ ...plan, prices: [] }));
    expect(describeCards(plans, 'month', undefined).map(({ plan }) => plan)).toEqual(['free']);
  });

  test('the interval switch promises the best saving there is', () => {
    expect(bestSavingPercent(PLANS)).toBe(16);
    expect(bestSavingPercent([PLANS[0]!, PLANS[2]!])).toBe(0);
  });
});
