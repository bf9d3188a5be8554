import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { judgeSetup, markAuthenticated } from './behavior.ts';
import { declineError } from './decline.ts';
import { nextAction } from './next-action.ts';
import { giveTo, resolveMethod } from './methods.ts';

export interface SetupFacts {
  customer: string | null;
  paymentMethod?: string | null;
  description?: string | null;
  metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  usage?: string;
  automatic?: Stripe.SetupIntent.AutomaticPaymentMethods | null;
  /** What is told again, see `keptOnSetup`. */
  kept?: Partial<Stripe.SetupIntent>;
}

/** A setup intent, announced. */
export function createSetup(ctx: Context, facts: SetupFacts): Stripe.SetupIntent {
  const id = ctx.newId('seti');
  const paymentMethod = facts.paymentMethod ?? null;
  const intent = ctx.store.put('setup_intent', {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: facts.automatic ?? null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${ctx.newText(25)}`,
    created: ctx.now,
    customer: facts.customer,
    customer_account: null,
    description: facts.description ?? null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: mergeMetadata({}, facts.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: paymentMethod,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    usage: facts.usage ?? 'off_session',
    ...facts.kept,
  });
  ctx.emit('setup_intent.created', intent);
  return intent;
}

/** Sets the card up for later payments, and gives it to the intent's customer. */
export function confirmSetup(
  ctx: Context,
  before: Stripe.SetupIntent,
  options: { paymentMethod: string; passed?: boolean; returnUrl?: string | null },
): Stripe.SetupIntent {
  const method = resolveMethod(ctx, options.paymentMethod);
  const verdict = judgeSetup(ctx, method.id, options.passed ?? false);
  const intent = { ...before, payment_method: method.id, last_setup_error: null };
  if (verdict.kind === 'challenges') {
    const waiting = ctx.store.put('setup_intent', {
      ...intent,
      status: 'requires_action',
      next_action: nextAction(ctx, intent.id, options.returnUrl ?? null),
    });
    ctx.emit('setup_intent.requires_action', waiting);
    return waiting;
  }
  if (verdict.kind === 'declines') {
    return fail(ctx, intent, declineError(verdict.decline, method, null));
  }
  markAuthenticated(ctx, method.id);
  const done = ctx.store.put('setup_intent', { ...intent, status: 'succeeded', next_action: null });
  ctx.emit('setup_intent.succeeded', done);
  const customer = idOrNull(intent.customer);
  if (customer !== null) giveTo(ctx, method, customer);
  return done;
}

export function failSetupChallenge(ctx: Context, before: Stripe.SetupIntent): Stripe.SetupIntent {
  const method = ctx.store.find('payment_method', idOrNull(before.payment_method) ?? '');
  return fail(ctx, before, {
    type: 'invalid_request_error',
    code: 'setup_intent_authentication_failure',
    message:
      'The latest attempt to set up the payment method has failed because authentication failed.',
    ...(method === undefined ? {} : { payment_method: method }),
  });
}

export function cancelSetup(
  ctx: Context,
  before: Stripe.SetupIntent,
  reason: Stripe.SetupIntent.CancellationReason | null,
): Stripe.SetupIntent {
  if (before.status === 'succeeded' || before.status === 'canceled') {
    throw invalidRequest(
      `You cannot cancel this SetupIntent because it has a status of ${before.status}.`,
      undefined,
      'setup_intent_unexpected_state',
    );
  }
  const canceled = ctx.store.put('setup_intent', {
    ...before,
    status: 'canceled',
    cancellation_reason: reason,
    next_action: null,
  });
  ctx.emit('setup_intent.canceled', canceled);
  return canceled;
}

function fail(
  ctx: Context,
  intent: Stripe.SetupIntent,
  error: Stripe.SetupIntent.LastSetupError,
): Stripe.SetupIntent {
  const failed = ctx.store.put('setup_intent', {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: error,
  });
  ctx.emit('setup_intent.setup_failed', failed);
  return failed;
}
