import { expect, test } from 'vitest';
import { scheduleFacts } from '../schedule-facts.ts';
import {
  PERIOD_END,
  PERIOD_START,
  PRICES,
  stripeItem,
  stripeSubscription,
} from './stripe-subscription.ts';

type Fields = Record<string, unknown>;
const team = (more: Fields = {}) => ({ price: 'price_team', quantity: 1, ...more });
const pro = (more: Fields = {}) => ({ price: 'price_pro', quantity: 1, ...more });
const addOn = { price: 'price_add_on', quantity: 2 };
const span = [
  { start_date: PERIOD_START, end_date: PERIOD_END },
  { start_date: PERIOD_END, end_date: PERIOD_END + 2_419_200 },
];

/** Whose it is: phases by what they have, the schedule by what it says. */
function madeBy(phases: Fields[], changes: Fields = {}): string | undefined {
  const schedule = {
    id: 'sub_sched_1',
    status: 'active',
    end_behavior: 'release',
    metadata: {},
    current_phase: span[0],
    phases: phases.map((phase, n) => ({ ...span[n], ...phase })),
    ...changes,
  };
  const items = { data: [stripeItem('price_team')] };
  const snapshot = stripeSubscription({ items, schedule });
  return scheduleFacts(snapshot, snapshot.items[0]!, PRICES)?.madeBy;
}

const ours = { metadata: { app: 'small_squaretable' } };
const discounted = { discounts: [{ coupon: 'half' }] };

test.each<[string, string, Fields[], Fields?]>([
  [
    'with our mark, whatever it brings',
    'customer',
    [{ items: [team()] }, { items: [{ price: 'price_gone' }] }],
    ours,
  ],
  ['unmarked, which changes nothing yet', 'customer', [{ items: [team()] }]],
  [
    'of the portal: from plan to plan, then it lets go',
    'customer',
    [{ items: [team()] }, { items: [pro()] }],
  ],
  [
    'of the portal, beside an add-on',
    'customer',
    [{ items: [team(), addOn] }, { items: [addOn, pro()] }],
  ],
  [
    'of the portal, with the discount that runs',
    'customer',
    [
      { items: [team()], ...discounted },
      { items: [pro()], ...discounted },
    ],
  ],
  [
    'of the portal, which drops the discount',
    'customer',
    [{ items: [team()], ...discounted }, { items: [pro()] }],
  ],
  [
    'unmarked, with a discount of its own',
    'staff',
    [{ items: [team()] }, { items: [pro()], ...discounted }],
  ],
  [
    'unmarked, with a discount on the item',
    'staff',
    [{ items: [team()] }, { items: [pro(discounted)] }],
  ],
  [
    'unmarked, with another quantity',
    'staff',
    [{ items: [team()] }, { items: [pro({ quantity: 3 })] }],
  ],
  ['unmarked, which adds an item', 'staff', [{ items: [team()] }, { items: [pro(), addOn] }]],
  [
    'unmarked, with a trial',
    'staff',
    [{ items: [team()] }, { items: [pro()], trial_end: PERIOD_END + 86_400 }],
  ],
  [
    'unmarked, to a price that is none of ours',
    'staff',
    [{ items: [team()] }, { items: [{ price: 'price_gone' }] }],
  ],
  [
    'unmarked, of three phases',
    'staff',
    [
      { items: [team()] },
      { items: [pro()] },
      { items: [team()], start_date: PERIOD_END + 2_419_200, end_date: PERIOD_END + 4_838_400 },
    ],
  ],
  [
    'unmarked, which ends the subscription',
    'staff',
    [{ items: [team()] }, { items: [pro()] }],
    { end_behavior: 'cancel' },
  ],
  [
    'with a mark of somebody else',
    'staff',
    [{ items: [team()] }, { items: [pro()] }],
    { metadata: { by: 'support' } },
  ],
])('9 a schedule %s is of %s', (_, whose, phases, changes) => {
  expect(madeBy(phases, changes)).toBe(whose);
});
