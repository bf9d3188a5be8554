import Stripe from 'stripe';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';

/** A local Stripe at a stated time, its SDK, and what stories need besides. */
export interface Shop {
  local: LocalStripe;
  stripe: Stripe;
  monthly: Stripe.Price;
  yearly: Stripe.Price;
  team: Stripe.Price;
  /** Types of the events since the last call, in the order they happened. */
  newEvents(): Promise<string[]>;
  advanceTo(date: string): Promise<void>;
  /** A customer with this card as default. */
  customer(card?: string): Promise<Stripe.Customer>;
  close(): Promise<void>;
}

export const seconds = (date: string): number => Date.parse(`${date}Z`) / 1000;

export async function startShop(startsAt: string, seed = 'shop'): Promise<Shop> {
  const errors: string[] = [];
  const local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(`${startsAt}Z`)),
    seed,
    freezesObjects: true,
    log: (message) => errors.push(message),
  });
  const stripe = new Stripe('sk_test_bench', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const product = await stripe.products.create({ name: 'Pro' });
  const teamProduct = await stripe.products.create({ name: 'Team' });
  const price = (of: Stripe.Product, unit_amount: number, interval: 'month' | 'year') =>
    stripe.prices.create({ product: of.id, unit_amount, currency: 'usd', recurring: { interval } });
  const monthly = await price(product, 2900, 'month');
  const yearly = await price(product, 29_000, 'year');
  const team = await price(teamProduct, 9900, 'month');
  const rows = () => [...local.kernel.store.oldestFirst('_event')];
  const seen = new Set(rows().map(({ id }) => id));

  return {
    local,
    stripe,
    monthly,
    yearly,
    team,
    newEvents: async () => {
      await local.settled();
      const fresh = rows().filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      return fresh.map(({ body }) => body.type);
    },
    advanceTo: async (date) => {
      await local.advanceTo(seconds(date));
    },
    customer: async (card = 'pm_card_visa') => {
      const customer = await stripe.customers.create({ email: 'a@example.com', name: 'A' });
      const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
      return stripe.customers.update(customer.id, {
        invoice_settings: { default_payment_method: method.id },
      });
    },
    close: async () => {
      await local.close();
      if (errors.length > 0) throw new Error(errors.join('\n'));
    },
  };
}
