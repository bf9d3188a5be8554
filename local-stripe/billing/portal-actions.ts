import type Stripe from 'stripe';
import type { ErrorBody } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import type { CardEntry } from './checkout-payment.ts';

export type CardResult =
  | { status: 'saved'; paymentMethod: string }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/** Sets a card up for a customer: setup intent, attached payment method. Not yet the default. */
export declare function saveCard(
  ctx: Context,
  customer: string,
  card: CardEntry,
  returnUrl: string,
): CardResult;

/** Goes on after the challenge of that setup intent. */
export declare function finishSavingCard(ctx: Context, setupIntent: string, passed: boolean): CardResult;

/** Makes it the default of the customer and of the customer's live subscriptions. */
export declare function setDefaultCard(ctx: Context, customer: string, paymentMethod: string): void;

export type InvoicePaymentResult =
  | { status: 'paid'; invoice: Stripe.Invoice }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/** The hosted invoice page: pays with a card typed in, or (null) with the one on file. */
export declare function payInvoicePage(
  ctx: Context,
  invoice: string,
  card: CardEntry | null,
  returnUrl: string,
): InvoicePaymentResult;

/**
 * The challenge page, for any intent whatever started it (API, invoice, Checkout, portal): passes or
 * fails it, with all that follows for its invoice and subscription. Where a Checkout session waits
 * for the intent use `finishCheckout`, for a portal card `finishSavingCard`.
 */
export declare function finishChallenge(ctx: Context, intent: string, passed: boolean): void;

/**
 * Plan change, cancel and resume in the portal are those of the API:
 * `updateSubscription(ctx, subscription, params)` in billing/subscription/update.ts,
 * `previewInvoice(ctx, params)` in billing/invoice/preview.ts,
 * `cancelSubscription(ctx, subscription, params)` in billing/subscription/cancel.ts,
 * `createSchedule`/`updateSchedule` in billing/schedule/ for a change at period end.
 */
