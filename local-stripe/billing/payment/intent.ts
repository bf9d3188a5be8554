import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { authenticationRequired } from '../cards.ts';
import { judgeCharge, markAuthenticated } from './behavior.ts';
import type { Verdict } from './behavior.ts';
import { createCharge } from './charge.ts';
import { authenticationFailure, declineError } from './decline.ts';
import { followTestCard } from './follow-up.ts';
import { giveTo, resolveMethod } from './methods.ts';

export interface IntentFacts {
  amount: number;
  currency: string;
  customer: string | null;
  paymentMethod?: string | null;
  description?: string | null;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  setupFutureUsage?: Stripe.PaymentIntent.SetupFutureUsage | null;
  captureMethod?: Stripe.PaymentIntent.CaptureMethod;
  confirmationMethod?: Stripe.PaymentIntent.ConfirmationMethod;
  automatic?: Stripe.PaymentIntent.AutomaticPaymentMethods | null;
  receiptEmail?: string | null;
  statementDescriptor?: string | null;
  /** The invoice that it pays. */
  invoice?: string;
}

/** A payment intent, announced. */
export function createIntent(ctx: Context, facts: IntentFacts): Stripe.PaymentIntent {
  const id = ctx.newId('pi');
  const paymentMethod = facts.paymentMethod ?? null;
  const intent = ctx.store.put('payment_intent', {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: facts.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: facts.automatic ?? null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: facts.captureMethod ?? 'automatic_async',
    client_secret: `${id}_secret_${ctx.newText(25)}`,
    confirmation_method: facts.confirmationMethod ?? 'automatic',
    created: ctx.now,
    currency: facts.currency,
    customer: facts.customer,
    customer_account: null,
    description: facts.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, facts.metadata),
    next_action: null,
    on_behalf_of: null,
    ...(facts.invoice === undefined ? {} : { payment_details: detailsOf(facts.invoice) }),
    payment_method: paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: cardOptions(),
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: facts.receiptEmail ?? null,
    review: null,
    setup_future_usage: facts.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: facts.statementDescriptor ?? null,
    statement_descriptor_suffix: null,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    transfer_data: null,
    transfer_group: null,
  });
  ctx.emit('payment_intent.created', intent);
  return intent;
}

export interface Confirmation {
  paymentMethod: string;
  /** The challenge of this very payment was passed. */
  passed?: boolean;
  /** Where the challenge page leads back to; null: the client handles it with Stripe.js. */
  returnUrl?: string | null;
  /** Nobody is there to answer a challenge: it is a decline. */
  isUnattended?: boolean;
}

/** Tries to pay. The intent afterwards says in `status` what came of it. */
export function confirmIntent(
  ctx: Context,
  before: Stripe.PaymentIntent,
  { paymentMethod, passed = false, returnUrl = null, isUnattended = false }: Confirmation,
): Stripe.PaymentIntent {
  const method = resolveMethod(ctx, paymentMethod);
  const verdict = judgeCharge(ctx, method.id, passed);
  const intent = { ...before, payment_method: method.id, last_payment_error: null };
  if (verdict.kind === 'challenges' && isUnattended) {
    return decline(ctx, intent, method, { kind: 'declines', decline: authenticationRequired });
  }
  if (verdict.kind === 'challenges') return challenge(ctx, intent, returnUrl);
  if (verdict.kind === 'declines') return decline(ctx, intent, method, verdict);
  return succeed(ctx, intent, method);
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
      ...authenticationFailure,
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
  returnUrl: string | null,
): Stripe.PaymentIntent {
  const waiting = ctx.store.put('payment_intent', {
    ...intent,
    status: 'requires_action',
    next_action: nextAction(ctx, intent.id, returnUrl),
  });
  ctx.emit('payment_intent.requires_action', waiting);
  return waiting;
}

/** The page where the bank asks; the same for payments and setups. */
export function challengeUrl(ctx: Context, intent: string): string {
  return `${ctx.baseUrl}/3ds/${intent}`;
}

export function nextAction(
  ctx: Context,
  intent: string,
  returnUrl: string | null,
): Stripe.PaymentIntent.NextAction & Stripe.SetupIntent.NextAction {
  if (returnUrl !== null) {
    const url = challengeUrl(ctx, intent);
    return { type: 'redirect_to_url', redirect_to_url: { return_url: returnUrl, url } };
  }
  const sdk = { type: 'three_d_secure_redirect', stripe_js: challengeUrl(ctx, intent) };
  return {
    type: 'use_stripe_sdk',
    use_stripe_sdk: sdk as Stripe.PaymentIntent.NextAction.UseStripeSdk,
  };
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

/** Stripe fills in the reference with as much of the invoice's id as fits. */
function detailsOf(invoice: string): Stripe.PaymentIntent.PaymentDetails {
  return { customer_reference: null, order_reference: invoice.slice(0, 25) };
}

function cardOptions(): Stripe.PaymentIntent.PaymentMethodOptions {
  return {
    card: {
      installments: null,
      mandate_options: null,
      network: null,
      request_three_d_secure: 'automatic',
    },
  };
}
