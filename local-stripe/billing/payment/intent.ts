import { billingSettings } from '../settings.ts';
import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { authenticationRequired } from '../cards.ts';
import { assertNotTooSmall } from './amount-limits.ts';
import { judgeCharge, markAuthenticated } from './behavior.ts';
import type { Verdict } from './behavior.ts';
import { createCharge } from './charge.ts';
import { authenticationFailure, declineError, walletRefusal } from './decline.ts';
import { followTestCard } from './follow-up.ts';
import { giveTo, resolveMethod } from './methods.ts';
import { nextAction } from './next-action.ts';
import { walletAction } from './wallet-action.ts';
import { walletOf } from './wallets.ts';

export interface Confirmation {
  paymentMethod: string;
  /** The challenge of this very payment was passed. */
  passed?: boolean;
  /** Where the challenge page leads back to; null: the client handles it with Stripe.js. */
  returnUrl?: string | null;
  /** Nobody is there to answer a challenge: it is a decline. */
  isUnattended?: boolean;
}

/** Tries to pay: 400 for what is too little. The intent afterwards says in `status` what came of it. */
export function confirmIntent(
  ctx: Context,
  before: Stripe.PaymentIntent,
  { paymentMethod, passed = false, returnUrl = null, isUnattended = false }: Confirmation,
): Stripe.PaymentIntent {
  const method = resolveMethod(ctx, paymentMethod);
  assertTakes(before, method);
  assertNotTooSmall(before.amount, before.currency);
  const verdict = judgeCharge(ctx, method.id, passed);
  const intent = { ...before, payment_method: method.id, last_payment_error: null };
  if (verdict.kind === 'challenges' && isUnattended) {
    return decline(ctx, intent, method, { kind: 'declines', decline: authenticationRequired });
  }
  if (verdict.kind === 'challenges') return challenge(ctx, intent, method, returnUrl);
  if (verdict.kind === 'declines') return decline(ctx, intent, method, verdict);
  const { seconds, outcome } = billingSettings(ctx.store).delayedPayments;
  if (walletOf(method) === null || seconds === 0) return succeed(ctx, intent, method);
  return process(ctx, intent, ctx.now + seconds, outcome);
}

/** A payment method of a kind that the intent was made for. */
function assertTakes(intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod): void {
  if (intent.payment_method_types.includes(method.type)) return;
  throw invalidRequest(
    `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod with one of the following types to the PaymentIntent: ${intent.payment_method_types.join(', ')}.`,
    'payment_method',
    'payment_intent_incompatible_payment_method',
  );
}

/** The wallet will say later whether the money comes. */
function process(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  settlesAt: number,
  outcome: 'succeeded' | 'failed',
): Stripe.PaymentIntent {
  const waiting = ctx.store.put('payment_intent', {
    ...intent,
    status: 'processing',
    next_action: null,
  });
  ctx.emit('payment_intent.processing', waiting);
  const kind = outcome === 'succeeded' ? 'payment_intent.clears' : 'payment_intent.bounces';
  ctx.schedule(settlesAt, kind, intent.id);
  return waiting;
}

/** What became of a payment that was `processing`; null when it is no longer. */
export function settleIntent(
  ctx: Context,
  id: string,
  outcome: 'succeeded' | 'failed',
): Stripe.PaymentIntent | null {
  const intent = ctx.store.find('payment_intent', id);
  if (intent?.status !== 'processing') return null;
  const method = ctx.store.get('payment_method', idOrNull(intent.payment_method)!);
  if (outcome === 'succeeded') return succeed(ctx, intent, method);
  const failed = ctx.store.put('payment_intent', {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: {
      type: 'invalid_request_error',
      code: 'payment_intent_payment_attempt_failed',
      message: 'The payment failed: the wallet did not transfer the money.',
      payment_method: method,
    },
  });
  ctx.emit('payment_intent.payment_failed', failed);
  return failed;
}

/** The person did not pass the challenge. */
export function failChallenge(ctx: Context, before: Stripe.PaymentIntent): Stripe.PaymentIntent {
  const method = ctx.store.find('payment_method', idOrNull(before.payment_method) ?? '');
  const failed = ctx.store.put('payment_intent', {
    ...before,
    status: 'requires_payment_method',
    next_action: null,
    payment_method: null,
    last_payment_error: {
      type: 'invalid_request_error',
      ...(method === undefined || walletOf(method) === null
        ? authenticationFailure
        : walletRefusal),
      doc_url: 'https://stripe.com/docs/error-codes/payment-intent-authentication-failure',
      ...(method === undefined ? {} : { payment_method: method }),
    },
  });
  ctx.emit('payment_intent.payment_failed', failed);
  return failed;
}

export function cancelIntent(
  ctx: Context,
  before: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Stripe.PaymentIntent {
  if (before.status === 'succeeded' || before.status === 'canceled') {
    throw invalidRequest(
      `You cannot cancel this PaymentIntent because it has a status of ${before.status}.`,
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  const canceled = ctx.store.put('payment_intent', {
    ...before,
    status: 'canceled',
    canceled_at: ctx.now,
    cancellation_reason: reason,
    next_action: null,
    amount_capturable: 0,
  });
  ctx.emit('payment_intent.canceled', canceled);
  return canceled;
}

function challenge(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  returnUrl: string | null,
): Stripe.PaymentIntent {
  const wallet = walletOf(method);
  const waiting = ctx.store.put('payment_intent', {
    ...intent,
    status: 'requires_action',
    next_action:
      wallet === null
        ? nextAction(ctx, intent.id, returnUrl)
        : walletAction(ctx, wallet, intent.id, returnUrl),
  });
  ctx.emit('payment_intent.requires_action', waiting);
  return waiting;
}

function decline(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  verdict: Extract<Verdict, { kind: 'declines' }>,
): Stripe.PaymentIntent {
  const charge = createCharge(ctx, intent, method, verdict.decline);
  ctx.emit('charge.failed', charge);
  const failed = ctx.store.put('payment_intent', {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    latest_charge: charge.id,
    last_payment_error: declineError(verdict.decline, method, charge.id),
  });
  ctx.emit('payment_intent.payment_failed', failed);
  return failed;
}

function succeed(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
): Stripe.PaymentIntent {
  const customer = idOrNull(intent.customer);
  if (intent.setup_future_usage !== null && customer !== null) {
    giveTo(ctx, method, customer);
    markAuthenticated(ctx, method.id);
  }
  const charge = createCharge(ctx, intent, method, null);
  ctx.emit('charge.succeeded', charge);
  const isHeld = intent.capture_method === 'manual';
  const paid = ctx.store.put('payment_intent', {
    ...intent,
    status: isHeld ? 'requires_capture' : 'succeeded',
    next_action: null,
    latest_charge: charge.id,
    amount_capturable: isHeld ? intent.amount : 0,
    amount_received: isHeld ? 0 : intent.amount,
  });
  ctx.emit(isHeld ? 'payment_intent.amount_capturable_updated' : 'payment_intent.succeeded', paid);
  followTestCard(ctx, charge);
  return paid;
}
