import type Stripe from 'stripe';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { assertNotTooSmall } from '../payment/amount-limits.ts';
import { cancelIntent, confirmIntent } from '../payment/intent.ts';
import { defaultMethod } from '../payment/methods.ts';
import { scheduleRetry } from './next-attempt.ts';
import { ensureIntent } from './finalize.ts';
import { giveUpOneOff } from './give-up.ts';
import { defaultPayment, dropPayment, settlePayment } from './payments.ts';
import { subscriptionOf } from './subscription-of.ts';

export interface Attempt {
  /** Stripe's own attempt (after finalization, or a retry), not somebody's. */
  isAutomatic: boolean;
  paymentMethod?: string | null;
  passed?: boolean;
  returnUrl?: string | null;
}

/** The card that an invoice is charged to, or null. */
export function methodFor(ctx: Context, invoice: Stripe.Invoice): string | null {
  const customer = ctx.store.get('customer', idOf(invoice.customer!));
  const own = idOrNull(invoice.default_payment_method);
  return own ?? defaultMethod(customer, subscriptionOf(ctx, invoice));
}

/**
 * Tries to collect an open invoice: 400 where credit notes have left less than can be charged. What
 * came of it is in the invoice's status and its intent's.
 */
export function attemptInvoice(
  ctx: Context,
  invoice: Stripe.Invoice,
  attempt: Attempt,
): Stripe.Invoice {
  if (invoice.amount_remaining === 0) return markPaid(ctx, invoice, attempt);
  assertNotTooSmall(invoice.amount_remaining, invoice.currency);
  const intent = ensureIntent(ctx, invoice);
  const paymentMethod = attempt.paymentMethod ?? methodFor(ctx, invoice);
  if (paymentMethod === null) return markFailed(ctx, invoice, intent, attempt);
  const after = confirmIntent(ctx, intent, { ...attempt, paymentMethod });
  return afterIntent(ctx, invoice, after, attempt);
}

/** Draws the consequences of what became of the intent. */
export function afterIntent(
  ctx: Context,
  invoice: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
  attempt: Attempt,
): Stripe.Invoice {
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') return invoice;
  if (intent.status === 'succeeded') return markPaid(ctx, invoice, attempt);
  if (intent.status === 'canceled' || intent.status === 'requires_confirmation') return invoice;
  return markFailed(ctx, invoice, intent, attempt);
}

interface Paid {
  isAutomatic: boolean;
  /** By other means than Stripe. */
  isOutOfBand?: boolean;
  /** By nobody: credit notes took off all that was owed. */
  isCredited?: boolean;
}

/** Paid: by its intent, by credit alone, or otherwise. */
export function markPaid(
  ctx: Context,
  before: Stripe.Invoice,
  { isAutomatic, isOutOfBand = false, isCredited = false }: Paid,
): Stripe.Invoice {
  const isFirstTouch = !before.attempted && before.billing_reason !== 'subscription_cycle';
  const patch: Partial<Stripe.Invoice> = {
    status: 'paid',
    attempted: isCredited ? before.attempted : true,
    attempt_count: countAttempt(before, isAutomatic),
    amount_paid: before.amount_due,
    amount_remaining: 0,
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions: { ...before.status_transitions, paid_at: ctx.now },
    ...(isOutOfBand ? { amount_paid_off_stripe: before.amount_remaining } : {}),
  };
  const announced = isFirstTouch || before.amount_due === 0 ? undefined : 'invoice.updated';
  const invoice = ctx.update('invoice', before, patch, announced);
  ctx.unschedule('invoice.retry', invoice.id);
  ctx.unschedule('invoice.overdue', invoice.id);
  const card = paidWith(ctx, invoice);
  const isByStripe = !isOutOfBand && !isCredited;
  if (isByStripe) settlePayment(ctx, invoice.id);
  else {
    const intent = dropPayment(ctx, invoice.id);
    if (isCredited && intent !== null) cancelIntent(ctx, intent, 'automatic');
  }
  ctx.emit('invoice.paid', invoice);
  if (isByStripe) ctx.emit('invoice.payment_succeeded', invoice);
  ctx.follow('invoice.paid', { invoice, card });
  return ctx.store.get('invoice', invoice.id);
}

function markFailed(
  ctx: Context,
  before: Stripe.Invoice,
  intent: Stripe.PaymentIntent,
  { isAutomatic }: Attempt,
): Stripe.Invoice {
  const needsAction = intent.status === 'requires_action';
  // A first payment that waits for its owner is not counted before it was made, and goes on by itself.
  const waits = needsAction && before.billing_reason === 'subscription_create';
  const attempt_count = waits ? before.attempt_count : countAttempt(before, isAutomatic);
  const next = isAutomatic
    ? scheduleRetry(ctx, before, attempt_count)
    : before.next_payment_attempt;
  const patch = {
    attempted: true,
    attempt_count,
    next_payment_attempt: next,
    ...(waits ? { auto_advance: true } : {}),
  };
  const invoice = ctx.update('invoice', before, patch, 'invoice.updated');
  ctx.emit('invoice.payment_failed', invoice);
  if (needsAction) ctx.emit('invoice.payment_action_required', invoice);
  const isFinal = isAutomatic && next === null;
  ctx.follow('invoice.failed', { invoice, isFinal });
  if (isFinal) giveUpOneOff(ctx, ctx.store.get('invoice', invoice.id));
  return ctx.store.get('invoice', invoice.id);
}

/** The first attempt counts, and of the later ones those that Stripe makes by itself. */
function countAttempt(invoice: Stripe.Invoice, isAutomatic: boolean): number {
  const counts = isAutomatic || invoice.attempt_count === 0;
  return invoice.attempt_count + (counts && invoice.amount_due > 0 ? 1 : 0);
}

function paidWith(ctx: Context, invoice: Stripe.Invoice): string | null {
  const payment = defaultPayment(ctx, invoice.id);
  if (payment === null) return null;
  const intent = ctx.store.get('payment_intent', idOf(payment.payment.payment_intent!));
  return idOrNull(intent.payment_method);
}
