import { describe, expect, test } from 'vitest';
import type { Subscription } from '../../../../../db/schema/index.ts';
import { mapSubscription } from '../map-subscription.ts';
import {
  FINALIZED,
  PERIOD_END,
  PERIOD_START,
  PRICES,
  stripeItem,
  stripeSubscription,
} from './stripe-subscription.ts';

const now = new Date('2027-01-20T00:00:00Z');
const finalized = new Date(FINALIZED * 1000);
const periodEnd = new Date(PERIOD_END * 1000);
const money = { owedSince: new Map<string, Date>(), renewals: new Map() };

function map(changes: Record<string, unknown> = {}, previous?: Partial<Subscription>) {
  const context = { ...PRICES, customerPaymentMethod: null, graceDays: 7, now, ...money };
  const before = previous as Subscription | undefined;
  return mapSubscription(stripeSubscription(changes), before, context);
}

test('periods come from the item', () => {
  expect(map().values).toMatchObject({
    currentPeriodStart: new Date(PERIOD_START * 1000),
    currentPeriodEnd: periodEnd,
    plan: 'pro',
    interval: 'month',
    stripeItemId: 'si_price_pro',
  });
});

describe('the end', () => {
  test.each([
    ['none', {}, false, null],
    ['the flag alone', { cancel_at_period_end: true }, true, periodEnd],
    ['the portal: the instant alone', { cancel_at: PERIOD_END }, true, periodEnd],
    ['both', { cancel_at: PERIOD_END, cancel_at_period_end: true }, true, periodEnd],
  ])('%s', (_, changes, cancelAtPeriodEnd, cancelAt) => {
    expect(map(changes).values).toMatchObject({ cancelAtPeriodEnd, cancelAt });
  });
});

describe('since when it is past due', () => {
  const since = new Date('2027-01-12T00:00:00Z');
  test.each([
    ['active: never', 'active', undefined, null],
    ['first seen past due: when the invoice was finalized', 'past_due', undefined, finalized],
    ['still past due: as before', 'past_due', { pastDueSince: since }, since],
    ['unpaid after past due: as before', 'unpaid', { pastDueSince: since }, since],
    ['recovered: never', 'active', { pastDueSince: since }, null],
  ])('%s', (_, status, previous, expected) => {
    expect(map({ status }, previous).values.pastDueSince).toEqual(expected);
  });

  test('10.21 the invoice that is unpaid now counts, not one that was paid meanwhile', () => {
    const owed = new Date('2027-01-19T00:00:00Z');
    const context = {
      ...PRICES,
      ...money,
      customerPaymentMethod: null,
      graceDays: 7,
      now,
      owedSince: new Map([['sub_1', owed]]),
    };
    const before = { pastDueSince: since } as Subscription;
    const { values } = mapSubscription(stripeSubscription({ status: 'past_due' }), before, context);
    expect(values.pastDueSince).toEqual(owed);
  });

  test('it is now where Stripe does not say', () => {
    expect(map({ status: 'past_due', latest_invoice: 'in_1' }).values.pastDueSince).toEqual(now);
  });
});

describe('what we do not know', () => {
  test('a price outside the catalogue keeps the last known plan and raises an alert', () => {
    const changes = { items: { data: [stripeItem('price_foreign')] } };
    const { values, findings } = map(changes, { plan: 'team', status: 'active' });
    expect(values).toMatchObject({ plan: 'team', stripePriceId: 'price_foreign', interval: null });
    expect(findings.map((one) => one.kind)).toEqual(['unknown_price']);
  });

  test('a price outside the catalogue grants nothing to a new subscriber', () => {
    expect(map({ items: { data: [stripeItem('price_foreign')] } }).values.plan).toBe('free');
  });

  test.each([
    [
      'of an active one stays active',
      { plan: 'pro', status: 'active', stripeStatus: 'active' },
      'active',
    ],
    ['of one nobody knew gives nothing', undefined, 'past_due'],
    [
      'of one past its grace gives nothing',
      { plan: 'pro', status: 'past_due', stripeStatus: 'unpaid', pastDueSince: now },
      'past_due',
    ],
    [
      'of an ended one stays ended',
      { plan: 'pro', status: 'canceled', stripeStatus: 'canceled' },
      'canceled',
    ],
  ] as const)('an unknown status %s', (_, previous, expected) => {
    const { values, findings } = map({ status: 'frozen' }, previous);
    expect(values).toMatchObject({ status: expected, stripeStatus: 'frozen' });
    expect(findings.map((one) => one.kind)).toEqual(['unknown_status']);
  });
});

test('an add-on beside the plan does not hide it', () => {
  const data = [stripeItem('price_addon'), stripeItem('price_team')];
  expect(map({ items: { data } }).values).toMatchObject({
    plan: 'team',
    stripeItemId: 'si_price_team',
  });
});

describe('the planned change', () => {
  const schedule = (status: string, nextPrice: string) => ({
    id: 'sub_sched_1',
    status,
    end_behavior: 'release',
    metadata: {},
    current_phase: { start_date: PERIOD_START, end_date: PERIOD_END },
    phases: [
      { start_date: PERIOD_START, end_date: PERIOD_END, items: [{ price: 'price_team' }] },
      { start_date: PERIOD_END, end_date: PERIOD_END + 2_419_200, items: [{ price: nextPrice }] },
    ],
  });
  const items = { data: [stripeItem('price_team')] };
  const none = { scheduledPlan: null, scheduledPriceId: null, scheduledAt: null };

  test('is the next phase of an active schedule', () => {
    expect(map({ items, schedule: schedule('active', 'price_pro') }).values).toMatchObject({
      plan: 'team',
      scheduledPlan: 'pro',
      scheduledPriceId: 'price_pro',
      scheduledAt: periodEnd,
    });
  });

  test.each([
    ['the schedule is over', schedule('released', 'price_pro')],
    ['the next phase keeps the price', schedule('active', 'price_team')],
    ['the next price is none of ours', schedule('active', 'price_foreign')],
    ['there is no schedule', null],
  ])('is none when %s', (_, planned) => {
    expect(map({ items, schedule: planned }).values).toMatchObject(none);
  });
});

test('a shape that Stripe moved is an error, not nothing', () => {
  const { current_period_end: _, ...moved } = stripeItem('price_pro');
  expect(() => map({ items: { data: [moved] } })).toThrow(/current_period_end/);
});

test('the card of the subscription goes before the card of the customer', () => {
  const card = (last4: string) => ({
    id: `pm_${last4}`,
    type: 'card',
    card: { brand: 'visa', last4, exp_month: 4, exp_year: 2030 },
  });
  const context = {
    ...PRICES,
    customerPaymentMethod: {
      id: 'pm_c',
      customerId: 'cus_1',
      card: { brand: 'visa', last4: '0000', expMonth: 1, expYear: 2031, fingerprint: null },
    },
    graceDays: 7,
    now,
    ...money,
  };
  const own = stripeSubscription({ default_payment_method: card('4242') });
  expect(mapSubscription(own, undefined, context).values.cardLast4).toBe('4242');
  expect(mapSubscription(stripeSubscription(), undefined, context).values.cardLast4).toBe('0000');
});
