import type Stripe from 'stripe';
import type { PaymentFailure } from '../billing/payment/failure.ts';

/** One thing bought: what a LineItem is made from when it is asked for. */
export interface CheckoutLine {
  id: string;
  price: string;
  /** Null for metered prices. */
  quantity: number | null;
  /** Bounds within which the payer may change the quantity on the page; null: it is fixed. */
  adjustable: { minimum: number; maximum: number } | null;
  /** Ids of the tax rates that were given for it. */
  taxRates: string[];
  metadata: Stripe.Metadata;
}

/** What the payer typed with the attempt that is under way. */
export interface CheckoutPayer {
  email: string | null;
  name: string | null;
  phone: string | null;
  address: Stripe.Address | null;
  /** Of a business, where the session asks for it. */
  taxId: { type: string; value: string } | null;
  termsAccepted: boolean;
  /** By the custom field's key. */
  customFields: Record<string, string>;
}

/** Before anybody has typed anything. */
export const nobody: CheckoutPayer = {
  email: null,
  name: null,
  phone: null,
  address: null,
  taxId: null,
  termsAccepted: false,
  customFields: {},
};

/** What a Checkout Session knows beyond its API shape; same id as the session. */
export interface CheckoutRow {
  id: string;
  lines: CheckoutLine[];
  subscriptionData: Stripe.Checkout.SessionCreateParams.SubscriptionData | null;
  paymentIntentData: Stripe.Checkout.SessionCreateParams.PaymentIntentData | null;
  setupIntentData: Stripe.Checkout.SessionCreateParams.SetupIntentData | null;
  customerUpdate: Stripe.Checkout.SessionCreateParams.CustomerUpdate | null;
  /** The intent of the attempt under way, kept across declines as Stripe keeps it. */
  intent: string | null;
  payer: CheckoutPayer | null;
  /** Why the last attempt failed, for the page to say so. */
  failure: PaymentFailure | null;
}
