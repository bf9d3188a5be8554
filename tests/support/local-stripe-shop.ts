import Stripe from 'stripe';
import { startLocalStripe } from 'local-stripe';
import type { LocalStripe } from 'local-stripe';

/** A local Stripe with something to sell: what the browser tests of its pages start from. */
export interface Shop {
  local: LocalStripe;
  stripe: Stripe;
  proMonthly: Stripe.Price;
  proYearly: Stripe.Price;
  teamMonthly: Stripe.Price;
  configuration: Stripe.BillingPortal.Configuration;
  /** Where a person lands after paying; the page does not exist, which the browser does not mind. */
  home: string;
  session(params?: Partial<Stripe.Checkout.SessionCreateParams>): Promise<Stripe.Checkout.Session>;
  /** A customer who subscribed to Pro monthly with a card of that name. */
  subscriber(card?: string): Promise<{ customer: string; subscription: string }>;
  portal(
    customer: string,
    params?: Partial<Stripe.BillingPortal.SessionCreateParams>,
  ): Promise<string>;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const local = await startLocalStripe({ port: 0, checkResponses: true });
  const stripe = new Stripe('sk_test_shop', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const pro = await stripe.products.create({ name: 'Pro' });
  const team = await stripe.products.create({ name: 'Team' });
  const price = (product: string, unit_amount: number, interval: 'month' | 'year') =>
    stripe.prices.create({ product, currency: 'cny', unit_amount, recurring: { interval } });
  const proMonthly = await price(pro.id, 2900, 'month');
  const proYearly = await price(pro.id, 29_000, 'year');
  const teamMonthly = await price(team.id, 9900, 'month');
  const configuration = await stripe.billingPortal.configurations.create({
    features: {
      invoice_history: { enabled: true },
      payment_method_update: { enabled: true },
      customer_update: { enabled: true, allowed_updates: ['name', 'email'] },
      subscription_cancel: {
        enabled: true,
        cancellation_reason: { enabled: true, options: ['too_expensive', 'unused', 'other'] },
      },
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price', 'promotion_code'],
        proration_behavior: 'always_invoice',
        products: [
          { product: pro.id, prices: [proMonthly.id, proYearly.id] },
          { product: team.id, prices: [teamMonthly.id] },
        ],
        schedule_at_period_end: {
          conditions: [{ type: 'decreasing_item_amount' }, { type: 'shortening_interval' }],
        },
      },
    },
  });
  const home = `${local.url}/shop`;
  return {
    local,
    stripe,
    proMonthly,
    proYearly,
    teamMonthly,
    configuration,
    home,
    session: (params = {}) =>
      stripe.checkout.sessions.create({
        mode: 'subscription',
        success_url: `${home}?paid={CHECKOUT_SESSION_ID}`,
        cancel_url: `${home}?left=yes`,
        line_items: [{ price: proMonthly.id, quantity: 1 }],
        ...params,
      }),
    async subscriber(card = 'pm_card_visa') {
      const customer = await stripe.customers.create({ email: 'owner@example.com' });
      const method = await stripe.paymentMethods.attach(card, { customer: customer.id });
      await stripe.customers.update(customer.id, {
        invoice_settings: { default_payment_method: method.id },
      });
      const subscription = await stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: proMonthly.id }],
      });
      return { customer: customer.id, subscription: subscription.id };
    },
    async portal(customer, params = {}) {
      const session = await stripe.billingPortal.sessions.create({
        customer,
        configuration: configuration.id,
        return_url: `${home}?back=yes`,
        ...params,
      });
      return session.url;
    },
    close: () => local.close(),
  };
}
