import { pgEnum } from 'drizzle-orm/pg-core';

/** The plans of the product. `tenants.plan` is the effective one. */
export const plan = pgEnum('plan', ['free', 'pro', 'team']);

/** Our subscription states; Stripe's raw one is kept beside it in `stripe_status`. */
export const subscriptionStatus = pgEnum('status', ['active', 'canceled', 'past_due', 'trialing']);

/** Of the catalogue; a bucket of metering has its own. */
export const resourceType = pgEnum('resource_type', [
  'llm_tokens',
  'messages',
  'images',
  'api_calls',
]);

export const userRole = pgEnum('user_role', ['owner', 'admin', 'member']);

export const billingInterval = pgEnum('billing_interval', ['month', 'year']);

export const invoiceStatus = pgEnum('invoice_status', [
  'draft',
  'open',
  'paid',
  'uncollectible',
  'void',
]);

export const checkoutStatus = pgEnum('checkout_status', ['open', 'complete', 'expired']);

export const stripeEventState = pgEnum('stripe_event_state', [
  'received',
  'processed',
  'ignored',
  'dead',
]);

/**
 * `open`: not brought to its end yet. `waiting`: for the customer's payment. `done`, `taken_back`:
 * as it says. `replaced`: by what the customer wanted next. `stuck`: Stripe refuses both ways.
 */
export const intentState = pgEnum('intent_state', [
  'open',
  'waiting',
  'done',
  'taken_back',
  'replaced',
  'stuck',
]);

/** Who acted; the kinds of `Actor` in the domain. */
export const actorKind = pgEnum('actor_kind', ['user', 'api_key', 'service', 'webhook', 'system']);
