import Stripe from 'stripe';
import { startLocalStripe } from '../../index.ts';
import type { LocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;
type FlowData = Stripe.BillingPortal.SessionCreateParams.FlowData;

/** A customer who subscribed to Pro monthly, in the portal. */
export interface OpenedPortal {
  customer: string;
  subscription: string;
  /** `/p/session/bps_…` */
  path: string;
}

export interface OpenOptions {
  features?: Features;
  card?: string;
  subscription?: Partial<Stripe.SubscriptionCreateParams>;
  flow?: (subscription: string) => FlowData;
}

/** A shop whose portal is visited by plain HTTP, at a clock that stands until it is moved. */
export interface PortalShop {
  local: LocalStripe;
  stripe: Stripe;
  pro: Stripe.Price;
  yearly: Stripe.Price;
  team: Stripe.Price;
  /** Of the same product as `team`, and not offered in the portal. */
  unoffered: Stripe.Price;
  /** A configuration that allows everything. */
  everything(): Features;
  open(options?: OpenOptions): Promise<OpenedPortal>;
  get(path: string): Promise<Response>;
  post(path: string, form?: Record<string, string>): Promise<Response>;
}

export const goodCard = { number: '4242424242424242', expiry: '12/40', cvc: '123' };

export async function openPortalShop(): Promise<PortalShop> {
  const local = await startLocalStripe({
    port: 0,
    clock: frozenClock(new Date(Date.UTC(2027, 2, 1))),
    checkResponses: true,
  });
  const stripe = new Stripe('sk_test_portal_pages', {
    host: '127.0.0.1',
    port: local.port,
    protocol: 'http',
    telemetry: false,
  });
  const price = (product: string, unit_amount: number, interval: 'month' | 'year') =>
    stripe.prices.create({ product, currency: 'cny', unit_amount, recurring: { interval } });
  const product = await stripe.products.create({ name: 'Pro' });
  const second = await stripe.products.create({ name: 'Team' });
  const pro = await price(product.id, 3100, 'month');
  const yearly = await price(product.id, 31_000, 'year');
  const team = await price(second.id, 9300, 'month');
  const unoffered = await price(second.id, 1, 'year');
  const everything = (): Features => ({
    customer_update: { enabled: true, allowed_updates: ['name', 'email', 'address'] },
    invoice_history: { enabled: true },
    payment_method_update: { enabled: true },
    subscription_cancel: { enabled: true },
    subscription_pause: { enabled: true },
    subscription_update: {
      enabled: true,
      default_allowed_updates: ['price', 'promotion_code'],
      proration_behavior: 'always_invoice',
      products: [
        { product: product.id, prices: [pro.id, yearly.id] },
        { product: second.id, prices: [team.id] },
      ],
    },
  });
  const open = async (options: OpenOptions = {}): Promise<OpenedPortal> => {
    const customer = (await stripe.customers.create({ email: 'p@example.com' })).id;
    const card = options.card ?? 'pm_card_visa';
    const method = await stripe.paymentMethods.attach(card, { customer });
    await stripe.customers.update(customer, {
      invoice_settings: { default_payment_method: method.id },
    });
    const subscription = await stripe.subscriptions.create({
      customer,
      items: [{ price: pro.id }],
      ...options.subscription,
    });
    const { id: configuration } = await stripe.billingPortal.configurations.create({
      features: options.features ?? everything(),
    });
    const { url } = await stripe.billingPortal.sessions.create({
      customer,
      configuration,
      return_url: 'https://app.example/',
      ...(options.flow ? { flow_data: options.flow(subscription.id) } : {}),
    });
    return { customer, subscription: subscription.id, path: new URL(url).pathname };
  };
  return {
    local,
    stripe,
    pro,
    yearly,
    team,
    unoffered,
    everything,
    open,
    get: (path) => fetch(new URL(path, local.url), { redirect: 'manual' }),
    post: (path, form = {}) =>
      fetch(new URL(path, local.url), {
        method: 'POST',
        body: new URLSearchParams(form),
        redirect: 'manual',
      }),
  };
}

/** The path of the customer's subscription in the portal. */
export const subscriptionPath = ({ path, subscription }: OpenedPortal) =>
  `${path}/subscriptions/${subscription}`;
