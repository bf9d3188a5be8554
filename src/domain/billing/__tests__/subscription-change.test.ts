import { expect, test } from 'vitest';
import type { PriceAction } from '../../api.ts';
import { classifyChange, priceActions, type PricedPlan } from '../subscription-change.ts';

const PRICES = {
  proMonth: { priceId: 'price_pro_month', plan: 'pro', interval: 'month' },
  proYear: { priceId: 'price_pro_year', plan: 'pro', interval: 'year' },
  teamMonth: { priceId: 'price_team_month', plan: 'team', interval: 'month' },
} as const satisfies Record<string, PricedPlan>;
type Name = keyof typeof PRICES;

/** The same as Pro by the month, at a price of long ago. */
const PRO_OLD = { ...PRICES.proMonth, priceId: 'price_pro_old', scheduledPriceId: null };

const holding = (name: Name, scheduled: Name | null = null) => ({
  ...PRICES[name],
  scheduledPriceId: scheduled && PRICES[scheduled].priceId,
});

test.each([
  ['proMonth', 'teamMonth', 'now', 'a higher plan'],
  ['proMonth', 'proYear', 'now', 'a year of the same plan'],
  ['proYear', 'proMonth', 'period_end', 'a shorter interval'],
  ['teamMonth', 'proMonth', 'period_end', 'a lower plan'],
  ['teamMonth', 'proYear', 'period_end', 'a lower plan, though a longer interval'],
  ['proYear', 'teamMonth', 'now', 'a higher plan, though a shorter interval'],
  ['proMonth', 'proMonth', 'none', 'the same price'],
] as const)('%s → %s takes effect: %s (%s)', (from, to, expected, _why) => {
  expect(classifyChange(holding(from), PRICES[to])).toBe(expected);
});

const ACTIONS: [string, Name | undefined, Name | null, Record<Name, PriceAction>][] = [
  [
    'nobody who pays',
    undefined,
    null,
    { proMonth: 'subscribe', proYear: 'subscribe', teamMonth: 'subscribe' },
  ],
  [
    'pro by the month',
    'proMonth',
    null,
    { proMonth: 'current', proYear: 'switch_interval', teamMonth: 'upgrade' },
  ],
  [
    'pro by the year',
    'proYear',
    null,
    { proMonth: 'switch_interval', proYear: 'current', teamMonth: 'upgrade' },
  ],
  [
    'team',
    'teamMonth',
    null,
    { proMonth: 'downgrade', proYear: 'downgrade', teamMonth: 'current' },
  ],
  [
    'team, going down to pro by the month',
    'teamMonth',
    'proMonth',
    { proMonth: 'scheduled', proYear: 'downgrade', teamMonth: 'current' },
  ],
];

test.each(ACTIONS)('the buttons of %s', (_, current, scheduled, expected) => {
  const actions = priceActions(current && holding(current, scheduled), Object.values(PRICES));
  expect(actions).toEqual(
    Object.fromEntries(Object.entries(expected).map(([n, a]) => [PRICES[n as Name].priceId, a])),
  );
});

test('9 the same plan and interval at the price of today is a switch of price', () => {
  expect(classifyChange(PRO_OLD, PRICES.proMonth)).toBe('now');
  expect(priceActions(PRO_OLD, [PRICES.proMonth])).toEqual({ price_pro_month: 'switch_price' });
});

test('a plan at a price that is no longer offered can be changed from', () => {
  const retired = { priceId: 'price_2024', plan: 'pro', interval: null, scheduledPriceId: null };
  expect(priceActions(retired as never, Object.values(PRICES))).toEqual({
    price_pro_month: 'switch_interval',
    price_pro_year: 'switch_interval',
    price_team_month: 'upgrade',
  });
});
