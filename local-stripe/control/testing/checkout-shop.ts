import Stripe from 'stripe';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';

export const checkoutStart = Date.UTC(2027, 0, 15) / 1000;

/** A shop whose Checkout is paid over the control interface, at a clock that stands. */
export interface CheckoutShop {
  local: LocalStripe;
  stripe: Stripe;
  monthly: Stripe.Price;
  once: Stripe.Price;
  create(params?: Partial<Stripe.Checkout.SessionCreateParams>): Promise<Stripe.Checkout.Session>;
  complete(id: string, body: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** The types of the events since `count` events, oldest first. */
  eventsSince(count: number): string[];
}

export async function openCheckoutShop(): Promise<CheckoutShop> {
  const local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(checkoutStart * 1000)),
    checkResponses: true,
  });
  const stripe = new Stripe('sk_test_complete', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const product_data = { name: 'Pro' };
  const monthly = await stripe.prices.create({
    currency: 'cny',
    unit_amount: 2900,
    recurring: { interval: 'month' },
    product_data,
  });
  const once = await stripe.prices.create({ currency: 'cny', unit_amount: 500, product_data });
  return {
    local,
    stripe,
    monthly,
    once,
    create: (params = {}) =>
      stripe.checkout.sessions.create({
        mode: 'subscription',
        success_url: 'https://app.example/ok',
        line_items: [{ price: monthly.id, quantity: 1 }],
        ...params,
      }),
    async complete(id, body) {
      const response = await fetch(`${local.url}/_control/checkout_sessions/${id}/complete`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    eventsSince: (count) =>
      [...local.kernel.store.oldestFirst('_event')].slice(count).map(({ body }) => body.type),
  };
}
