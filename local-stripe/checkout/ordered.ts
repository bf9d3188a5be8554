import type Stripe from 'stripe';
import type { ErrorBody } from '../kernel/errors.ts';

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
