import type { Stripe } from 'stripe';
import type { CallTimeouts } from './client/client.ts';
import { isMissing } from './client/errors.ts';
import {
  readCustomer,
  readSubscription,
  SUBSCRIPTION_EXPAND,
  type CustomerSnapshot,
  type SubscriptionSnapshot,
} from './snapshots/subscription-snapshot.ts';

/** Written on everything we make at Stripe; several products may share an account. */
export const APP_MARK = 'small_squaretable';

/**
 * Whether an object is of another installation on the same account, a staging beside development
 * say: it carries our mark and another environment. What carries none, from before, counts as ours.
 */
export function isOfOther(metadata: Record<string, string>, environment: string): boolean {
  const { app, env } = metadata;
  return app === APP_MARK && env !== undefined && env !== environment;
}

export interface NewCustomer {
  environment: string;
  tenantId: string;
  email: string;
  name: string;
  locale: string;
  /** The tenant's customer that was deleted at Stripe, if this replaces one. */
  replaces: string | null;
}

/**
 * Makes the tenant's customer and answers its id; asking twice answers the same one. Only what
 * never changes goes under the idempotency key, the rest is written after.
 */
export async function createCustomer(stripe: Stripe, values: NewCustomer): Promise<string> {
  const { environment, tenantId, email, name, locale, replaces } = values;
  const metadata = { app: APP_MARK, env: environment, tenantId };
  const idempotencyKey = `customer:${tenantId}${replaces ? `:after:${replaces}` : ''}`;
  const { id } = await stripe.customers.create({ metadata }, { idempotencyKey });
  await stripe.customers.update(id, { email, name, preferred_locales: [locale] });
  return id;
}

/** Writes our mark on a customer that is there; what else is written on it stays. */
export async function markCustomer(
  stripe: Stripe,
  { customerId, tenantId, environment }: Record<'customerId' | 'tenantId' | 'environment', string>,
): Promise<void> {
  await stripe.customers.update(customerId, {
    metadata: { app: APP_MARK, env: environment, tenantId },
  });
}

/** Where Stripe's own mails go, and what invoices name. A customer that is gone needs none. */
export async function setCustomerEmail(
  stripe: Stripe,
  customerId: string,
  email: string,
): Promise<void> {
  try {
    await stripe.customers.update(customerId, { email });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** `undefined` when this account never had such a customer. */
export async function findCustomer(
  stripe: Stripe,
  customerId: string,
  timeouts: CallTimeouts,
): Promise<CustomerSnapshot | undefined> {
  try {
    const expand = ['invoice_settings.default_payment_method', 'invoice_credit_balance'];
    return readCustomer(await stripe.customers.retrieve(customerId, { expand }, timeouts));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export interface CustomerBilling {
  customer: CustomerSnapshot;
  /** Every subscription the customer ever had, ended ones too. */
  subscriptions: SubscriptionSnapshot[];
}

/** What Stripe knows of a customer's subscriptions now. `undefined` for an unknown customer. */
export async function findBilling(
  stripe: Stripe,
  customerId: string,
  timeouts: CallTimeouts,
): Promise<CustomerBilling | undefined> {
  const customer = await findCustomer(stripe, customerId, timeouts);
  if (!customer) return undefined;
  if (customer.deleted) return { customer, subscriptions: [] };
  return { customer, subscriptions: await listSubscriptions(stripe, customerId, timeouts) };
}

/** What is charged where nobody is present: the newest running subscription's card, or the customer's. */
export function savedMethodOf({ customer, subscriptions }: CustomerBilling): string | null {
  if (customer.deleted) return null;
  const newestFirst = subscriptions.toSorted(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime(),
  );
  const running = newestFirst.find(({ endedAt }) => endedAt === null);
  return running?.paymentMethod?.id ?? customer.paymentMethod?.id ?? null;
}

/** All of them, whatever their state: without `status` Stripe leaves ended ones out. */
export async function listSubscriptions(
  stripe: Stripe,
  customerId: string,
  timeouts: CallTimeouts,
): Promise<SubscriptionSnapshot[]> {
  const expand = SUBSCRIPTION_EXPAND.map((path) => `data.${path}`);
  const pages = stripe.subscriptions.list(
    { customer: customerId, status: 'all', limit: 100, expand },
    timeouts,
  );
  const found: SubscriptionSnapshot[] = [];
  for await (const one of pages) found.push(readSubscription(one));
  return found;
}
