import type Stripe from 'stripe';
import type { ErrorBody } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';

/** A card as a person types it. */
export interface CardEntry {
  number: string;
  expMonth: number;
  /** Four digits. */
  expYear: number;
  cvc: string;
  name?: string | null;
  email?: string | null;
  country?: string | null;
  postalCode?: string | null;
}

/** What a Checkout session wants paid or set up. */
export interface CheckoutOrder {
  mode: 'subscription' | 'payment' | 'setup';
  /** The customer the session names, else null: one is created from `newCustomer` on success. */
  customer: string | null;
  newCustomer: Stripe.CustomerCreateParams;
  /** Mode `payment`: false leaves the payment without a customer when none is named. */
  createsCustomer: boolean;
  currency: string;
  /** Mode `subscription`: items, discounts, trial, metadata, billing_mode, … */
  subscription: Omit<Stripe.SubscriptionCreateParams, 'customer'> | null;
  /** Mode `payment`. */
  payment: {
    amountMinor: number;
    description: string | null;
    metadata: Stripe.MetadataParam;
    setupFutureUsage: 'on_session' | 'off_session' | null;
  } | null;
  /** The intent of an earlier attempt on this session, declined or challenged. */
  intent: string | null;
  /** Where the challenge page sends the person afterwards. */
  returnUrl: string;
}

export type CheckoutResult =
  | {
      status: 'complete';
      customer: string | null;
      paymentMethod: string | null;
      paymentIntent: string | null;
      setupIntent: string | null;
      subscription: string | null;
      invoice: string | null;
    }
  /** Send the person to `challengeUrl`; then call `finishCheckout`. Nothing else exists yet. */
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  /** The session stays open; pass `intent` with the next attempt. */
  | { status: 'declined'; intent: string | null; error: ErrorBody };

/**
 * What the session will charge today (after trial and discounts) and at the first renewal, in minor
 * units; changes nothing.
 */
export function quoteCheckout(
  _ctx: Context,
  _order: CheckoutOrder,
): {
  dueTodayMinor: number;
  subtotalMinor: number;
  discountMinor: number;
  invoice: Stripe.Invoice | null;
} {
  throw new Error('being written');
}

/**
 * Pays (or sets up) what the order asks, with the events of a first Checkout in their order, up to
 * and without `checkout.session.completed`. `card` null: nothing is due and none was asked for.
 */
export function submitCheckout(
  _ctx: Context,
  _order: CheckoutOrder,
  _card: CardEntry | null,
): CheckoutResult {
  throw new Error('being written');
}

/** Goes on after the challenge of `order.intent` was passed or failed. */
export function finishCheckout(
  _ctx: Context,
  _order: CheckoutOrder,
  _passed: boolean,
): CheckoutResult {
  throw new Error('being written');
}
