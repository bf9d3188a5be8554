import type Stripe from 'stripe';
import type { ErrorBody } from '../kernel/errors.ts';
import type { CardEntry } from '../billing/payment/card-entry.ts';
import type { Wallet } from '../billing/payment/wallets.ts';

/** What somebody pays with: a card typed in, or their wallet. */
export type CheckoutTender = CardEntry | { wallet: Wallet };

/** What a Checkout session wants paid or set up. */
export interface CheckoutOrder {
  mode: 'subscription' | 'payment' | 'setup';
  /** The customer the session names, else null: one is created from `newCustomer` on success. */
  customer: string | null;
  newCustomer: Stripe.CustomerCreateParams;
  /** What was typed that goes to the customer the session names. */
  changes: Partial<Stripe.Customer>;
  /** The tax id that was typed, which the customer has from then on. */
  taxId: { type: string; value: string } | null;
  isTaxAutomatic: boolean;
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
    captureMethod: Stripe.PaymentIntent.CaptureMethod;
    /** What is told again of it, see `keptOnIntent`. */
    kept: Partial<Stripe.PaymentIntent>;
    /** The methods that the session offers. */
    types: string[];
    /** `invoice_creation`: what is bought, on an invoice that the payment has paid. */
    invoice: PostPaymentInvoice | null;
  } | null;
  /** The intent of an earlier attempt on this session, declined or challenged. */
  intent: string | null;
  /** Where the challenge page sends the person afterwards. */
  returnUrl: string;
}

/** An invoice that is made when the money has come. */
export interface PostPaymentInvoice {
  lines: { price: string; quantity: number; taxRates: string[] }[];
  discounts: { coupon?: string; promotion_code?: string }[];
  description: string | null;
  footer: string | null;
  metadata: Stripe.MetadataParam;
  customFields: Stripe.Invoice['custom_fields'];
}

export type CheckoutResult =
  | {
      status: 'complete';
      /** The money has not come yet: the wallet says later whether it does. */
      isPending: boolean;
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
