import type { Person } from './person.ts';

/** What staff do to a whole account, or to many customers, in Stripe's dashboard. */

/** Something ends at Stripe, and no webhook tells of it. */
export function atStripeOnly(how: 'end' | 'delete'): (people: Person[]) => Promise<void> {
  return async (people) => {
    for (const person of people) {
      const { stripe } = person.world;
      await person.world.chaos({ drop: 1 });
      if (how === 'end') await stripe.subscriptions.cancel((await person.subscription()).id);
      else await stripe.customers.del(await person.customer());
      await person.world.local.settled();
    }
  };
}

/** The documented way to change what a plan costs: a new price takes the old one's lookup key. */
export async function lookupKeyMoves(people: Person[]): Promise<void> {
  const { stripe } = people[0]!.world;
  const { data } = await stripe.prices.list({ lookup_keys: ['squaretable_pro_monthly'] });
  const old = data[0]!;
  const fresh = await stripe.prices.create({
    product: typeof old.product === 'string' ? old.product : old.product.id,
    currency: old.currency,
    unit_amount: old.unit_amount! + 600,
    recurring: { interval: 'month' },
    lookup_key: 'squaretable_pro_monthly',
    transfer_lookup_key: true,
    metadata: old.metadata,
  });
  for (const person of people) person.prices.pro_month = fresh.id;
  // So long the product may take a price that it has just read for all there is.
  await people[0]!.world.pass(15);
}

/** Staff arrange the year: three months as it is, then the higher plan. */
export async function staffPlans(people: Person[]): Promise<void> {
  for (const person of people) {
    const { stripe } = person.world;
    const { id } = await person.subscription();
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
    const [now] = schedule.phases;
    await stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      phases: [
        {
          items: [{ price: person.prices.pro_month, quantity: 1 }],
          start_date: now!.start_date,
          duration: { interval: 'month', interval_count: 3 },
        },
        {
          items: [{ price: person.prices.team_month, quantity: 1 }],
          duration: { interval: 'month', interval_count: 9 },
        },
      ],
    });
  }
}

/** Staff arrange that it goes on as it is for three months, and ends then. */
export async function staffPlansItsEnd(person: Person): Promise<void> {
  const { stripe } = person.world;
  const { id } = await person.subscription();
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
  await stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: 'cancel',
    phases: [
      {
        items: [{ price: person.prices.pro_month, quantity: 1 }],
        start_date: schedule.phases[0]!.start_date,
        duration: { interval: 'month', interval_count: 3 },
      },
    ],
  });
}

/** The customer plans a lower plan in Stripe's portal, which makes a schedule for it. */
export async function portalPlans(person: Person): Promise<void> {
  const { stripe } = person.world;
  const { id, items } = await person.subscription();
  const schedule = await stripe.subscriptionSchedules.create({ from_subscription: id });
  const [now] = schedule.phases;
  await stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: 'release',
    proration_behavior: 'none',
    phases: [
      {
        items: [{ price: items.data[0]!.price.id, quantity: 1 }],
        start_date: now!.start_date,
        end_date: now!.end_date,
      },
      {
        items: [{ price: person.prices.pro_month, quantity: 1 }],
        duration: { interval: 'month', interval_count: 1 },
      },
    ],
  });
}

/** A price in dollars, whatever the product sells. */
async function dollarPrice({ world: { stripe } }: Person): Promise<string> {
  const price = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 900,
    recurring: { interval: 'month' },
    product_data: { name: 'Sold by hand' },
  });
  return price.id;
}

/** Staff sold something in dollars to this customer; it runs on, or is over. */
export function soldInDollars(then: 'runs' | 'is over'): (person: Person) => Promise<void> {
  return async (person) => {
    const { stripe } = person.world;
    await person.mustPost('checkout', { priceId: person.prices.pro_month });
    const customer = await person.customer();
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer });
    const { id } = await stripe.subscriptions.create({
      customer,
      items: [{ price: await dollarPrice(person) }],
      default_payment_method: card.id,
    });
    if (then === 'is over') await stripe.subscriptions.cancel(id);
  };
}
