import type { Person } from './person.ts';
import {
  atStripeOnly,
  lookupKeyMoves,
  portalPlans,
  soldInDollars,
  staffPlans,
} from './staff-actions.ts';

/** How a tenant came to be where the verb finds it. Days pass between `build` and `then`. */
export interface State {
  build(person: Person): Promise<void>;
  days?: number;
  then?(person: Person): Promise<void>;
  /** Once for the whole world, after everybody is built: what staff do to the account. */
  last?(people: Person[]): Promise<void>;
  /** How often Stripe tries a failed payment, and what then. */
  retries?: { attempts: number; spacingSeconds: number; final: string };
}

const FAILING = 'pm_card_chargeCustomerFail';
const ASKS_THE_BANK = 'pm_card_authenticationRequired';
const DAY = 86_400;
/** Stays past due for months, so that every verb meets it so. */
const PATIENT = { attempts: 8, spacingSeconds: 7 * DAY, final: 'cancel' };

const buys =
  (slot: 'pro_month' | 'pro_year' | 'team_month', ...more: ((p: Person) => Promise<void>)[]) =>
  async (person: Person): Promise<void> => {
    await person.buy(slot);
    for (const step of more) await step(person);
  };

const plans = (slot: 'pro_month' | 'pro_year' | 'team_month') => (person: Person) =>
  person.mustPost('upgrade', { priceId: person.prices[slot] });
const cancels = (person: Person) => person.mustPost('cancel');
const resumes = (person: Person) => person.mustPost('resume');
const asksTheBank = (person: Person) => person.useCard(ASKS_THE_BANK);
const fails = (person: Person) => person.useCard(FAILING);

/** Staff change the subscription in the dashboard; our copy learns of it. */
const staff =
  (change: (person: Person, id: string, periodEnd: number) => Promise<unknown>) =>
  async (person: Person): Promise<void> => {
    const { id, items } = await person.subscription();
    await change(person, id, items.data[0]!.current_period_end);
  };

const coupon = staff(async ({ world }, id) => {
  const { id: half } = await world.stripe.coupons.create({ percent_off: 50, duration: 'forever' });
  await world.stripe.subscriptions.update(id, { discounts: [{ coupon: half }] });
});
const three = staff(async ({ world }, id) => {
  const { items } = await world.stripe.subscriptions.retrieve(id);
  await world.stripe.subscriptions.update(id, {
    items: [{ id: items.data[0]!.id, quantity: 3 }],
    proration_behavior: 'none',
  });
});
const addOn = staff(async ({ world }, id) => {
  const price = await world.stripe.prices.create({
    currency: 'cny',
    unit_amount: 1500,
    recurring: { interval: 'month' },
    product_data: { name: 'Voices' },
  });
  await world.stripe.subscriptions.update(id, {
    items: [{ price: price.id }],
    proration_behavior: 'none',
  });
});
const paused = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, { pause_collection: { behavior: 'void' } }),
);
const firstPaymentOpen = async (person: Person): Promise<void> => {
  await person.mustPost('checkout', { priceId: person.prices.pro_month });
  await person.world.stripe.subscriptions.create({
    customer: await person.customer(),
    items: [{ price: person.prices.pro_month }],
    payment_behavior: 'default_incomplete',
  });
};
const owes = async (person: Person): Promise<void> => {
  await person.world.stripe.customers.createBalanceTransaction(await person.customer(), {
    amount: 1200,
    currency: 'cny',
  });
};
const credit = async (person: Person): Promise<void> => {
  await person.world.stripe.customers.createBalanceTransaction(await person.customer(), {
    amount: -5000,
    currency: 'cny',
  });
};
const trial = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, {
    trial_end: world.now() + 10 * DAY,
    proration_behavior: 'none',
  }),
);
const taxed = staff(async ({ world }, id) => {
  const rate = await world.stripe.taxRates.create({
    display_name: 'VAT',
    percentage: 6,
    inclusive: false,
  });
  await world.stripe.subscriptions.update(id, { default_tax_rates: [rate.id] });
});
const anotherWaits = async (person: Person): Promise<void> => {
  await person.world.stripe.subscriptions.create({
    customer: await person.customer(),
    items: [{ price: person.prices.team_month }],
    payment_behavior: 'default_incomplete',
  });
};
const endsIn = (days: number) =>
  staff(({ world }, id) =>
    world.stripe.subscriptions.update(id, {
      cancel_at: world.now() + days * DAY,
      proration_behavior: 'none',
    }),
  );
const endsWithThePeriod = staff(({ world }, id, periodEnd) =>
  world.stripe.subscriptions.update(id, { cancel_at: periodEnd }),
);

/** Every state that a verb may meet: status × what is planned × what staff made of it. */
export const STATES = {
  fresh: { build: async () => undefined },
  'checkout open': {
    build: (p) => p.mustPost('checkout', { priceId: p.prices.pro_month }),
  },
  pro: { build: buys('pro_month') },
  'pro yearly': { build: buys('pro_year') },
  team: { build: buys('team_month') },
  'on trial': { build: buys('pro_month', trial) },
  'pro past due': { build: buys('pro_month', fails), days: 32, retries: PATIENT },
  'team past due': { build: buys('team_month', fails), days: 32, retries: PATIENT },
  unpaid: {
    build: buys('pro_month', fails),
    days: 40,
    retries: { attempts: 2, spacingSeconds: DAY, final: 'unpaid' },
  },
  'paused for want of a payment': {
    build: buys('pro_month', fails),
    days: 40,
    retries: { attempts: 2, spacingSeconds: DAY, final: 'pause' },
  },
  'ended unpaid': {
    build: buys('pro_month', fails),
    days: 40,
    retries: { attempts: 2, spacingSeconds: DAY, final: 'cancel' },
  },
  ended: { build: buys('pro_month', (p) => p.mustPost('cancel', { immediately: true })) },
  'ended at Stripe, unheard': { build: buys('pro_month'), last: atStripeOnly('end') },
  'customer deleted at Stripe, unheard': { build: buys('pro_month'), last: atStripeOnly('delete') },
  'first payment open': { build: firstPaymentOpen },
  'collection paused': { build: buys('pro_month', paused) },
  'sent invoices': {
    build: buys(
      'pro_month',
      staff(({ world }, id) =>
        world.stripe.subscriptions.update(id, {
          collection_method: 'send_invoice',
          days_until_due: 14,
        }),
      ),
    ),
  },
  'end planned': { build: buys('pro_month', cancels) },
  'end planned in the portal': { build: buys('pro_month', endsWithThePeriod) },
  'end planned by staff in 200 days': { build: buys('pro_month', endsIn(200)) },
  'end planned by staff in 5 days': { build: buys('team_month', endsIn(5)) },
  'trial with its end planned': { build: buys('pro_month', trial, cancels) },
  'past due with its end planned': {
    build: buys('pro_month', fails, cancels, resumes),
    days: 32,
    retries: PATIENT,
    then: staff(({ world }, id, periodEnd) =>
      world.stripe.subscriptions.update(id, { cancel_at: periodEnd }),
    ),
  },
  'downgrade planned': { build: buys('team_month', plans('pro_month')) },
  'shorter interval planned': { build: buys('pro_year', plans('pro_month')) },
  'downgrade planned, price replaced since': {
    build: buys('team_month', plans('pro_month')),
    last: lookupKeyMoves,
  },
  'staff planned the next year': { build: buys('pro_month'), last: staffPlans },
  'upgrade waits for the bank': { build: buys('pro_month', asksTheBank, plans('team_month')) },
  'end planned, upgrade waits for the bank': {
    build: buys('pro_month', cancels, asksTheBank, plans('team_month')),
  },
  'card fails next': { build: buys('pro_month', fails) },
  'bank asks next': { build: buys('pro_month', asksTheBank) },
  'half price for ever': { build: buys('pro_month', coupon) },
  'half price, team': { build: buys('team_month', coupon) },
  'half price, yearly': { build: buys('pro_year', coupon) },
  'three of them': { build: buys('team_month', three) },
  'with an add-on': { build: buys('team_month', addOn) },
  'with credit': { build: buys('pro_month', credit) },
  'add-on, three, half price, downgrade planned': {
    build: buys('team_month', addOn, coupon, three, plans('pro_month')),
  },
  'end planned, with credit': { build: buys('pro_month', credit, cancels) },
  'another waits for its first payment': {
    build: buys('pro_month', fails, anotherWaits),
  },
  'past due, another waits for its first payment': {
    build: buys('pro_month', fails),
    days: 32,
    retries: PATIENT,
    then: anotherWaits,
  },
  'staff planned the next year, heard': { build: buys('pro_month', (p) => staffPlans([p])) },
  'lower plan planned in the portal': { build: buys('team_month', portalPlans) },
  'voided upgrade, good card since': {
    build: buys('pro_month', asksTheBank, plans('team_month'), cancels, resumes, (p) =>
      p.useCard('pm_card_visa'),
    ),
  },
  'collection paused, end planned': { build: buys('pro_month', cancels, paused) },
  'taxed by staff': { build: buys('pro_month', taxed) },
  'taxed by staff, team with half price and an end planned': {
    build: buys('team_month', taxed, coupon, cancels),
  },
  'sold in dollars by staff': { build: soldInDollars('runs') },
  'once sold in dollars': { build: soldInDollars('is over') },
  'first payment never came': { build: firstPaymentOpen, days: 2 },
  'owes a balance': { build: buys('pro_month', owes) },
  'on trial of the higher plan, downgrade planned': {
    build: buys('team_month', trial, plans('pro_month')),
  },
} satisfies Record<string, State>;

export type StateName = keyof typeof STATES;

export const STATE_NAMES = Object.keys(STATES) as StateName[];

export function stateOf(name: StateName): State {
  return STATES[name];
}
