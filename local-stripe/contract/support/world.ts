import { setTimeout as wait } from 'node:timers/promises';
import type Stripe from 'stripe';
import type { Seen } from './checked-client.ts';
import { isSandbox, openSubject } from './subject.ts';
import type { Subject } from './subject.ts';
import { useCard } from './story.ts';

/** A small business: something to sell, and someone who can pay. */
export interface World extends Subject {
  product: Stripe.Product;
  /** CNY 29.00 a month, 290.00 a year, 99.00 a month. */
  proMonthly: Stripe.Price;
  proYearly: Stripe.Price;
  teamMonthly: Stripe.Price;
  /** With `pm_card_visa` as default. */
  customer: Stripe.Customer;
  card: string;
}

/** Opens a subject and sets a world up in it. */
export async function openWorld(seen?: Seen): Promise<World> {
  const subject = await openSubject(seen);
  const { stripe } = subject;
  const product = await stripe.products.create({ name: 'Squaretable Pro' });
  const team = await stripe.products.create({ name: 'Squaretable Team' });
  const price = (of: Stripe.Product, amount: number, interval: 'month' | 'year') =>
    stripe.prices.create({
      product: of.id,
      currency: 'cny',
      unit_amount: amount,
      recurring: { interval },
    });
  const customer = await stripe.customers.create({ email: 'wu@example.com', name: 'Wu' });
  return {
    ...subject,
    product,
    proMonthly: await price(product, 2900, 'month'),
    proYearly: await price(product, 29_000, 'year'),
    teamMonthly: await price(team, 9900, 'month'),
    customer,
    card: await useCard(stripe, customer.id, 'pm_card_visa'),
  };
}

/** The first thing that `find` finds. A sandbox may need some seconds to have it. */
export async function eventually<T>(
  world: Subject,
  find: () => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await world.local?.settled();
    const found = await find();
    if (found !== undefined) return found;
    if (!isSandbox) break;
    await wait(1000);
  }
  throw new Error('it did not come to be');
}

/** A name that no earlier run has used. */
export const fresh = (name: string): string => `${name}_${crypto.randomUUID().slice(0, 8)}`;
