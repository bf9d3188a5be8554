import type { Person } from './person.ts';
import {
  atStripeOnly,
  lookupKeyMoves,
  portalPlans,
  soldInDollars,
  staffPlans,
  staffPlansItsEnd,
} from './staff-actions.ts';
import {
  addOn,
  anotherWaits,
  balance,
  endsIn,
  endsWithThePeriod,
  firstPaymentOpen,
  halfOnce,
  halfPrice,
  paused,
  pausedForAMonth,
  sendsInvoices,
  taxed,
  tenOff,
  three,
  trial,
  trialWithoutCard,
} from './staff-changes.ts';

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
  'sent invoices': { build: buys('pro_month', sendsInvoices) },
  'end planned': { build: buys('pro_month', cancels) },
  'end planned in the portal': { build: buys('pro_month', endsWithThePeriod) },
  'end planned by staff in 200 days': { build: buys('pro_month', endsIn(200)) },
  'end planned by staff in 5 days': { build: buys('team_month', endsIn(5)) },
  'trial with its end planned': { build: buys('pro_month', trial, cancels) },
  'past due with its end planned': {
    build: buys('pro_month', fails, cancels, resumes),
    days: 32,
    retries: PATIENT,
    then: endsWithThePeriod,
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
  'half price for ever': { build: buys('pro_month', halfPrice) },
  'half price, team': { build: buys('team_month', halfPrice) },
  'half price, yearly': { build: buys('pro_year', halfPrice) },
  'three of them': { build: buys('team_month', three) },
  'with an add-on': { build: buys('team_month', addOn) },
  'with credit': { build: buys('pro_month', balance(-5000)) },
  'add-on, three, half price, downgrade planned': {
    build: buys('team_month', addOn, halfPrice, three, plans('pro_month')),
  },
  'end planned, with credit': { build: buys('pro_month', balance(-5000), cancels) },
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
    build: buys('team_month', taxed, halfPrice, cancels),
  },
  'sold in dollars by staff': { build: soldInDollars('runs') },
  'once sold in dollars': { build: soldInDollars('is over') },
  'first payment never came': { build: firstPaymentOpen, days: 2 },
  'owes a balance': { build: buys('pro_month', balance(1200)) },
  'sent invoices, the last one overdue': {
    build: buys('pro_month', sendsInvoices),
    days: 50,
    retries: PATIENT,
  },
  'staff planned its end in three months': { build: buys('pro_month', staffPlansItsEnd) },
  'collection paused until next month, drafts kept': { build: buys('pro_month', pausedForAMonth) },
  'half price once, end planned': { build: buys('pro_month', halfOnce, cancels) },
  'ten off for three months, yearly': { build: buys('pro_year', tenOff) },
  'three of them, yearly, end planned': { build: buys('pro_year', three, cancels) },
  'trial that ends without a card': { build: buys('pro_month', trial, trialWithoutCard) },
  'unpaid, end planned by staff': {
    build: buys('pro_month', fails),
    days: 40,
    retries: { attempts: 2, spacingSeconds: DAY, final: 'unpaid' },
    then: endsWithThePeriod,
  },
  'credit beyond a year': { build: buys('pro_month', balance(-200_000), plans('team_month')) },
  'on trial of the higher plan, downgrade planned': {
    build: buys('team_month', trial, plans('pro_month')),
  },
} satisfies Record<string, State>;

export type StateName = keyof typeof STATES;

export const STATE_NAMES = Object.keys(STATES) as StateName[];

export function stateOf(name: StateName): State {
  return STATES[name];
}
