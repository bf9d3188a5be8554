import type { Person } from '../../faults/person.ts';

const DAY = 86_400;

/** What staff, the portal, the bank and the customer's card do at Stripe itself. */
const ACTIONS = {
  'set an end in 200 days': (person: Person, id: string) =>
    person.world.stripe.subscriptions.update(id, {
      cancel_at: person.world.now() + 200 * DAY,
      proration_behavior: 'none',
    }),
  'set the end of the period': async (person: Person, id: string) => {
    const { items } = await person.world.stripe.subscriptions.retrieve(id);
    return person.world.stripe.subscriptions.update(id, {
      cancel_at: items.data[0]!.current_period_end,
    });
  },
  'take the end back': (person: Person, id: string) =>
    person.world.stripe.subscriptions.update(id, { cancel_at: '' }),
  'end it': (person: Person, id: string) => person.world.stripe.subscriptions.cancel(id),
  'give half price': async (person: Person, id: string) => {
    const { stripe } = person.world;
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    return stripe.subscriptions.update(id, { discounts: [{ coupon: coupon.id }] });
  },
  'give credit': async (person: Person) =>
    person.world.stripe.customers.createBalanceTransaction(await person.customer(), {
      amount: -5000,
      currency: 'cny',
    }),
  'put it under a schedule': async (person: Person, id: string) => {
    const { stripe } = person.world;
    return stripe.subscriptionSchedules.create({ from_subscription: id });
  },
  'pause collection': (person: Person, id: string) =>
    person.world.stripe.subscriptions.update(id, { pause_collection: { behavior: 'void' } }),
  'collect again': (person: Person, id: string) =>
    person.world.stripe.subscriptions.update(id, { pause_collection: '' }),
  'card fails from now on': (person: Person) => person.useCard('pm_card_chargeCustomerFail'),
  'bank asks from now on': (person: Person) => person.useCard('pm_card_authenticationRequired'),
  'card is good again': (person: Person) => person.useCard('pm_card_visa'),
} satisfies Record<string, (person: Person, id: string) => Promise<unknown>>;

export type StaffAction = keyof typeof ACTIONS;

export const STAFF_ACTIONS = Object.keys(ACTIONS) as StaffAction[];

/** Does it, where there is a live subscription and Stripe allows it; answers whether it did. */
export async function doAction(person: Person, action: StaffAction): Promise<boolean> {
  if ((await person.customerId()) === null) return false;
  try {
    await ACTIONS[action](person, (await person.subscription()).id);
    return true;
  } catch {
    return false;
  }
}
