import type Stripe from 'stripe';
import { StripeError, invalidRequest } from '../../kernel/errors.ts';
import type { ErrorBody } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { attemptInvoice, methodFor } from '../invoice/pay.ts';
import { defaultPayment } from '../invoice/payments.ts';
import { subscriptionOf } from '../invoice/subscription-of.ts';
import { errorOf, methodOfEntry } from '../payment/card-entry.ts';
import type { CardEntry } from '../payment/card-entry.ts';
import { giveTo } from '../payment/methods.ts';
import { challengeUrl } from '../payment/next-action.ts';
import { settleChallenge } from './settle.ts';
import { confirmSetup, createSetup, failSetupChallenge } from '../payment/setup.ts';

/*
 * Plan change, cancel and resume in the portal are those of the API:
 * `updateSubscription` in subscription/update.ts, `previewInvoice` in invoice/preview.ts,
 * `cancelSubscription` in subscription/cancel.ts, `createSchedule` and `updateSchedule` in schedule/.
 */

export type CardResult =
  | { status: 'saved'; paymentMethod: string }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/** Sets a card up for a customer: setup intent, attached payment method. Not yet the default. */
export function saveCard(
  global: Context,
  customer: string,
  card: CardEntry,
  returnUrl: string,
): CardResult {
  const ctx = onClockOf(global, customer);
  const entered = enter(ctx, card);
  if (entered.status === 'declined') return entered;
  const setup = createSetup(ctx, { customer });
  return savedBy(ctx, confirmSetup(ctx, setup, { paymentMethod: entered.id, returnUrl }));
}

/** Goes on after the challenge of that setup intent. */
export function finishSavingCard(
  global: Context,
  setupIntent: string,
  passed: boolean,
): CardResult {
  const setup = global.store.get('setup_intent', setupIntent);
  const ctx = onClockOf(global, idOrNull(setup.customer));
  if (setup.status !== 'requires_action') {
    throw invalidRequest('This card is not waiting for authentication.');
  }
  if (!passed) return savedBy(ctx, failSetupChallenge(ctx, setup));
  const paymentMethod = idOrNull(setup.payment_method)!;
  return savedBy(ctx, confirmSetup(ctx, setup, { paymentMethod, passed: true }));
}

/** Makes it the default of the customer, and of live subscriptions that have a card of their own. */
export function setDefaultCard(global: Context, customerId: string, paymentMethod: string): void {
  const ctx = onClockOf(global, customerId);
  const customer = ctx.store.get('customer', customerId);
  const invoice_settings = { ...customer.invoice_settings, default_payment_method: paymentMethod };
  ctx.update('customer', customer, { invoice_settings }, 'customer.updated');
  for (const subscription of ctx.store.by('subscription', 'customer', customerId)) {
    if (subscription.ended_at !== null || subscription.default_payment_method === null) continue;
    const patch = { default_payment_method: paymentMethod };
    ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
  }
}

export type InvoicePaymentResult =
  | { status: 'paid'; invoice: Stripe.Invoice }
  | { status: 'requires_action'; intent: string; challengeUrl: string }
  | { status: 'declined'; error: ErrorBody };

/**
 * The hosted invoice page: pays with a card typed in, or (null) with the one on file. A card that
 * paid a subscription's invoice is what the subscription is charged to from then on.
 */
export function payInvoicePage(
  global: Context,
  invoiceId: string,
  card: CardEntry | null,
  returnUrl: string,
): InvoicePaymentResult {
  const before = global.store.get('invoice', invoiceId);
  const customer = idOf(before.customer!);
  const ctx = onClockOf(global, customer);
  if (before.status !== 'open' && before.status !== 'uncollectible') {
    throw invalidRequest(`This invoice cannot be paid: it is ${before.status ?? 'unknown'}.`);
  }
  const entered = card === null ? { status: 'entered' as const, id: null } : enter(ctx, card);
  if (entered.status === 'declined') return entered;
  const paymentMethod = entered.id ?? methodFor(ctx, before);
  if (paymentMethod === null) throw invalidRequest('There is no card on file.', 'card');
  const attempt = { isAutomatic: false, paymentMethod, returnUrl };
  const invoice = attemptInvoice(ctx, before, attempt);
  if (invoice.status === 'paid') {
    if (entered.id !== null) chargeFromNowOn(ctx, invoice, entered.id);
    return { status: 'paid', invoice };
  }
  const payment = defaultPayment(ctx, invoice.id)!;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  return intent.status === 'requires_action'
    ? waitingFor(ctx, intent.id)
    : { status: 'declined', error: errorOf(intent.last_payment_error!) };
}

/**
 * The challenge page, for any intent whatever started it (API, invoice, Checkout, portal): passes or
 * fails it, with all that follows for its invoice and subscription. Where a Checkout session waits
 * for the intent use `finishCheckout`, for a portal card `finishSavingCard`.
 */
export function finishChallenge(global: Context, intent: string, passed: boolean): void {
  const waiting =
    global.store.find('payment_intent', intent) ?? global.store.get('setup_intent', intent);
  settleChallenge(onClockOf(global, idOrNull(waiting.customer)), intent, passed);
}

function chargeFromNowOn(ctx: Context, invoice: Stripe.Invoice, paymentMethod: string): void {
  giveTo(ctx, ctx.store.get('payment_method', paymentMethod), idOf(invoice.customer!));
  const subscription = subscriptionOf(ctx, invoice);
  if (subscription === null || subscription.ended_at !== null) return;
  const patch = { default_payment_method: paymentMethod };
  ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
}

function savedBy(ctx: Context, setup: Stripe.SetupIntent): CardResult {
  switch (setup.status) {
    case 'succeeded':
      return { status: 'saved', paymentMethod: idOrNull(setup.payment_method)! };
    case 'requires_action':
      return waitingFor(ctx, setup.id);
    default:
      return { status: 'declined', error: errorOf(setup.last_setup_error!) };
  }
}

function enter(
  ctx: Context,
  card: CardEntry,
): { status: 'entered'; id: string } | { status: 'declined'; error: ErrorBody } {
  try {
    return { status: 'entered', id: methodOfEntry(ctx, card).id };
  } catch (error) {
    if (!(error instanceof StripeError) || error.status !== 402) throw error;
    return { status: 'declined', error: error.body };
  }
}

function waitingFor(ctx: Context, intent: string) {
  const url = challengeUrl(ctx, intent);
  return { status: 'requires_action' as const, intent, challengeUrl: url };
}

function onClockOf(ctx: Context, customer: string | null): Context {
  const found = customer === null ? undefined : ctx.store.find('customer', customer);
  return found === undefined ? ctx : ctx.onClock(idOrNull(found.test_clock));
}
