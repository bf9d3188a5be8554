import type Stripe from 'stripe';
import type { ErrorBody } from '../kernel/errors.ts';
import type { Context } from '../kernel/types.ts';
import type { CardEntry } from './checkout-payment.ts';

export type CardResult =
  | { status: 'saved'; paymentMethod: string }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/** Sets a card up for a customer: setup intent, attached payment method. Not yet the default. */
export function saveCard(
  _ctx: Context,
  _customer: string,
  _card: CardEntry,
  _returnUrl: string,
): CardResult {
  throw new Error('being written');
}

/** Goes on after the challenge of that setup intent. */
export function finishSavingCard(
  _ctx: Context,
  _setupIntent: string,
  _passed: boolean,
): CardResult {
  throw new Error('being written');
}

/** Makes it the default of the customer and of the customer's live subscriptions. */
export function setDefaultCard(ctx: Context, customer: string, paymentMethod: string): void {
  throw new Error('being written');
}

export type InvoicePaymentResult =
  | { status: 'paid'; invoice: Stripe.Invoice }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/** The hosted invoice page: pays with a card typed in, or (null) with the one on file. */
export function payInvoicePage(
  _ctx: Context,
  _invoice: string,
  _card: CardEntry | null,
  _returnUrl: string,
): InvoicePaymentResult {
  throw new Error('being written');
}

/**
 * The challenge page, for any intent whatever started it (API, invoice, Checkout, portal): passes or
 * fails it, with all that follows for its invoice and subscription. Where a Checkout session waits
 * for the intent use `finishCheckout`, for a portal card `finishSavingCard`.
 */
export function finishChallenge(ctx: Context, intent: string, passed: boolean): void {
  throw new Error('being written');
}

/**
 * Plan change, cancel and resume in the portal are those of the API:
 * `updateSubscription(ctx, subscription, params)` in billing/subscription/update.ts,
 * `previewInvoice(ctx, params)` in billing/invoice/preview.ts,
 * `cancelSubscription(ctx, subscription, params)` in billing/subscription/cancel.ts,
 * `createSchedule`/`updateSchedule` in billing/schedule/ for a change at period end.
 */
