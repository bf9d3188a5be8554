import { describe, expect, test } from 'vitest';
import {
  arrangementOf,
  endOf,
  nextStep,
  stepBack,
  type ScheduleFacts,
  type SubscriptionFacts,
} from '../converge.ts';
import type { Goal } from '../intent.ts';

const periodEndsAt = new Date('2027-02-10T00:00:00Z');
const earlier = new Date('2027-02-01T00:00:00Z');
const later = new Date('2027-09-01T00:00:00Z');
const seconds = (at: Date) => at.getTime() / 1000;

const facts = (changes: Partial<SubscriptionFacts> = {}): SubscriptionFacts => ({
  id: 'sub_1',
  status: 'active',
  priceId: 'pro',
  periodEndsAt,
  cancelAt: null,
  cancelAtPeriodEnd: false,
  schedule: null,
  pending: null,
  openInvoices: [],
  ...changes,
});
const schedule = (changes: Partial<ScheduleFacts> = {}): ScheduleFacts => ({
  id: 'sched_1',
  madeBy: 'customer',
  changes: null,
  endsAt: null,
  ...changes,
});
const subscriptions = ['sub_1'];
const planned = schedule({ changes: { priceId: 'free', at: periodEndsAt } });
const ending = { cancelAt: periodEndsAt, cancelAtPeriodEnd: true };
const pending = { priceIds: ['team'], invoiceId: 'in_1', payable: true };
const end: Goal = { kind: 'end', subscriptions, when: 'period_end', comment: null };
const endNow: Goal = { ...end, when: 'now' };
const renew: Goal = { kind: 'renew', subscriptions };
const lower: Goal = { kind: 'change_later', subscriptions, priceId: 'lower' };
const team: Goal = {
  kind: 'change_now',
  subscriptions,
  priceId: 'team',
  prorationDate: 1,
  resetsPeriod: false,
};

test.each<[string, Partial<SubscriptionFacts>, Date | null]>([
  ['nothing set', {}, null],
  ['the flag alone', { cancelAtPeriodEnd: true }, periodEndsAt],
  ['the instant alone, as the portal sets it', { cancelAt: earlier }, earlier],
  ['both', ending, periodEndsAt],
  ['a schedule that ends it', { schedule: schedule({ endsAt: later }) }, later],
  [
    'an end before that of the schedule',
    { cancelAt: earlier, schedule: schedule({ endsAt: later }) },
    earlier,
  ],
])('with %s the end is read right', (_, changes, expected) => {
  expect(endOf(facts(changes))).toEqual(expected);
});

describe('the next step', () => {
  test.each<[string, Goal, Partial<SubscriptionFacts>, string]>([
    ['leaving: the end is set', end, {}, 'set_end'],
    ['leaving, and it ends by then', end, ending, 'done'],
    ['leaving, and it ends sooner', end, { cancelAt: earlier }, 'done'],
    ['leaving, where staff set a later end', end, { cancelAt: later }, 'set_end'],
    ['leaving with a change planned: in one call', end, { schedule: planned }, 'end_schedule'],
    ['leaving outranks staff', end, { schedule: { ...planned, madeBy: 'staff' } }, 'end_schedule'],
    [
      'the end stands on the subscription: its schedule goes',
      end,
      { cancelAt: periodEndsAt, schedule: schedule({ endsAt: periodEndsAt }) },
      'release_schedule',
    ],
    ['leaving while an upgrade waits: the end first', end, { pending }, 'set_end'],
    ['then the upgrade is dropped', end, { ...ending, pending }, 'void_invoice'],
    [
      'one that cannot be paid any more is left',
      end,
      { ...ending, pending: { ...pending, payable: false } },
      'done',
    ],
    ...['past_due', 'unpaid', 'incomplete', 'paused'].map(
      (status): [string, Goal, Partial<SubscriptionFacts>, string] => [
        `leaving while ${status}`,
        end,
        { status },
        'cancel_now',
      ],
    ),
    ['leaving at once', endNow, ending, 'cancel_now'],
    [
      'ended, with an open invoice',
      end,
      { status: 'canceled', openInvoices: ['in_2'] },
      'void_invoice',
    ],
    ['ended and settled', end, { status: 'canceled' }, 'done'],
    ['staying: the end is cleared', renew, ending, 'clear_end'],
    ['staying: the change is dropped', renew, { schedule: planned }, 'release_schedule'],
    ['staying as it is', renew, {}, 'done'],
    ['a later change: a schedule first', lower, {}, 'attach_schedule'],
    ['then the change', lower, { schedule: schedule() }, 'plan_change'],
    ['another change was planned: in one call', lower, { schedule: planned }, 'plan_change'],
    [
      'it was to end by schedule: in one call',
      lower,
      { schedule: schedule({ endsAt: periodEndsAt }) },
      'plan_change',
    ],
    ['it was to end: no schedule before that is cleared', lower, ending, 'clear_end'],
    [
      'the change is planned and an upgrade waits',
      lower,
      { schedule: schedule({ changes: { priceId: 'lower', at: periodEndsAt } }), pending },
      'void_invoice',
    ],
    ['the later change has come', lower, { priceId: 'lower' }, 'done'],
    ['a change now, whatever is planned', team, { schedule: planned }, 'apply_change'],
    ['a change now, though it ends', team, ending, 'apply_change'],
    ['it waits for its payment', team, { pending }, 'waiting'],
    [
      'its invoice was voided: it is made again',
      team,
      { pending: { ...pending, payable: false } },
      'apply_change',
    ],
    [
      'it is paid: the end is cleared',
      team,
      { priceId: 'team', cancelAt: periodEndsAt },
      'clear_end',
    ],
    [
      'it is paid: what was planned is dropped',
      team,
      { priceId: 'team', schedule: planned },
      'release_schedule',
    ],
    ['it is paid, and nothing else', team, { priceId: 'team' }, 'done'],
    ['nothing is changed on what is over', team, { status: 'canceled' }, 'done'],
  ])('%s', (_, goal, changes, expected) => {
    const step = nextStep(goal, [facts(changes)]);
    expect(typeof step === 'string' ? step : step.call).toBe(expected);
  });

  test('leaving ends every subscription, and no other than those asked for', () => {
    const all = [facts(ending), facts({ id: 'sub_2', status: 'past_due' }), facts({ id: 'sub_3' })];
    const both = { ...end, subscriptions: ['sub_1', 'sub_2'] };
    expect(nextStep(both, all)).toEqual({ call: 'cancel_now', subscriptionId: 'sub_2' });
  });
});

test.each<[string, Partial<SubscriptionFacts>, Partial<SubscriptionFacts>, string]>([
  ['the end that a change had cleared', ending, {}, 'set_end'],
  ['an exact end', { cancelAt: earlier }, {}, 'set_end'],
  [
    'an end, once the schedule in its way is gone',
    ending,
    { schedule: schedule() },
    'release_schedule',
  ],
  ['the change that was planned', { schedule: planned }, {}, 'attach_schedule'],
  ['the change instead of another', { schedule: planned }, { schedule: schedule() }, 'plan_change'],
  ['going on', {}, { schedule: planned }, 'release_schedule'],
  ['nothing where it is as it was', ending, ending, 'done'],
  ['nothing on what is over', ending, { status: 'canceled' }, 'done'],
])('back comes %s', (_, before, now, expected) => {
  const step = stepBack({ sub_1: arrangementOf(facts(before)) }, [facts(now)]);
  expect(typeof step === 'string' ? step : step.call).toBe(expected);
});

test('an exact end comes back to the second, one of the period with the period', () => {
  const back = (before: Partial<SubscriptionFacts>) =>
    stepBack({ sub_1: arrangementOf(facts(before)) }, [facts()]);
  expect(back({ cancelAt: earlier })).toMatchObject({ call: 'set_end', at: seconds(earlier) });
  expect(back(ending)).toMatchObject({ call: 'set_end', at: null });
});
