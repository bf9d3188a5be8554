import type { Stripe } from 'stripe';
import type { Person } from './person.ts';

/** What staff change of one subscription or customer in Stripe's dashboard; our copy learns of it. */

const DAY = 86_400;

const staff =
  (change: (person: Person, id: string, periodEnd: number) => Promise<unknown>) =>
  async (person: Person): Promise<void> => {
    const { id, items } = await person.subscription();
    await change(person, id, items.data[0]!.current_period_end);
  };

const coupon = (terms: Stripe.CouponCreateParams) =>
  staff(async ({ world }, id) => {
    const made = await world.stripe.coupons.create(terms);
    await world.stripe.subscriptions.update(id, { discounts: [{ coupon: made.id }] });
  });
export const halfPrice = coupon({ percent_off: 50, duration: 'forever' });
export const halfOnce = coupon({ percent_off: 50, duration: 'once' });
export const tenOff = coupon({
  amount_off: 1000,
  currency: 'cny',
  duration: 'repeating',
  duration_in_months: 3,
});
export const three = staff(async ({ world }, id) => {
  const { items } = await world.stripe.subscriptions.retrieve(id);
  await world.stripe.subscriptions.update(id, {
    items: [{ id: items.data[0]!.id, quantity: 3 }],
    proration_behavior: 'none',
  });
});
export const addOn = staff(async ({ world }, id) => {
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
export const sendsInvoices = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, {
    collection_method: 'send_invoice',
    days_until_due: 14,
  }),
);
export const pausedForAMonth = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, {
    pause_collection: { behavior: 'keep_as_draft', resumes_at: world.now() + 40 * DAY },
  }),
);
export const trialWithoutCard = staff(async ({ world }, id) => {
  await world.stripe.subscriptions.update(id, {
    trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    default_payment_method: '',
  });
});
export const paused = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, { pause_collection: { behavior: 'void' } }),
);
export const firstPaymentOpen = async (person: Person): Promise<void> => {
  await person.mustPost('checkout', { priceId: person.prices.pro_month });
  await person.world.stripe.subscriptions.create({
    customer: await person.customer(),
    items: [{ price: person.prices.pro_month }],
    payment_behavior: 'default_incomplete',
  });
};
/** In favour of the customer when negative. */
export const balance = (amount: number) => async (person: Person) => {
  const customer = await person.customer();
  const { customers } = person.world.stripe;
  await customers.createBalanceTransaction(customer, { amount, currency: 'cny' });
};
export const trial = staff(({ world }, id) =>
  world.stripe.subscriptions.update(id, {
    trial_end: world.now() + 10 * DAY,
    proration_behavior: 'none',
  }),
);
export const taxed = staff(async ({ world }, id) => {
  const rate = await world.stripe.taxRates.create({
    display_name: 'VAT',
    percentage: 6,
    inclusive: false,
  });
  await world.stripe.subscriptions.update(id, { default_tax_rates: [rate.id] });
});
export const anotherWaits = async (person: Person): Promise<void> => {
  await person.world.stripe.subscriptions.create({
    customer: await person.customer(),
    items: [{ price: person.prices.team_month }],
    payment_behavior: 'default_incomplete',
  });
};
export const endsIn = (days: number) =>
  staff(({ world }, id) =>
    world.stripe.subscriptions.update(id, {
      cancel_at: world.now() + days * DAY,
      proration_behavior: 'none',
    }),
  );
export const endsWithThePeriod = staff(({ world }, id, periodEnd) =>
  world.stripe.subscriptions.update(id, { cancel_at: periodEnd }),
);
