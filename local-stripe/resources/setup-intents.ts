import type Stripe from 'stripe';
import { thrownDecline } from '../billing/payment/decline.ts';
import type { IntentError } from '../billing/payment/decline.ts';
import { keptOnSetup } from '../billing/payment/kept-params.ts';
import { resolveMethod } from '../billing/payment/methods.ts';
import { followSetup } from '../billing/payer/settle.ts';
import { cancelSetup, confirmSetup, createSetup } from '../billing/payment/setup.ts';
import { assertNotOfCheckout } from '../checkout/expire.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';

const unsupported = [
  'attach_to_self',
  'confirmation_token',
  'customer_account',
  'mandate_data',
  'on_behalf_of',
  'payment_method_data',
  'single_use',
];

export const setupIntents = resource({
  kind: 'setup_intent',
  path: '/v1/setup_intents',
  references: { customer: 'customer', payment_method: 'payment_method' },
  indexes: {
    customer: ({ customer }) => idOrNull(customer),
    payment_method: ({ payment_method }) => idOrNull(payment_method),
  },
  list: {
    customer: (intent, customer: string) => idOrNull(intent.customer) === customer,
    payment_method: (intent, method: string) => idOrNull(intent.payment_method) === method,
  },
  create,
  update,
  actions: [
    { name: 'confirm', handle: confirm },
    {
      name: 'cancel',
      handle: (ctx, intent, params: Stripe.SetupIntentCancelParams) => {
        assertNotOfCheckout(ctx, intent.id, 'SetupIntent');
        const reason = params.cancellation_reason ?? null;
        return cancelSetup(
          onClock(ctx, intent),
          intent,
          reason as Stripe.SetupIntent.CancellationReason | null,
        );
      },
    },
  ],
});

function create(global: Context, params: Stripe.SetupIntentCreateParams): Stripe.SetupIntent {
  refuseUnsupported(params, unsupported);
  const customer = params.customer ?? null;
  const owner = customer === null ? null : global.store.find('customer', customer);
  if (owner === undefined) throw noSuch('customer', customer!, 'customer');
  const ctx = global.onClock(idOrNull(owner?.test_clock));
  const method =
    params.payment_method === undefined ? null : resolveMethod(ctx, params.payment_method).id;
  const intent = createSetup(ctx, {
    customer,
    paymentMethod: method,
    description: params.description ?? null,
    ...(params.metadata === undefined ? {} : { metadata: params.metadata }),
    usage: params.usage ?? 'off_session',
    automatic: {
      allow_redirects: (params.automatic_payment_methods?.allow_redirects ??
        'always') as Stripe.SetupIntent.AutomaticPaymentMethods.AllowRedirects,
      enabled: params.automatic_payment_methods?.enabled ?? true,
    },
    kept: keptOnSetup(params),
  });
  return params.confirm ? confirm(ctx, intent, params) : intent;
}

function confirm(
  global: Context,
  before: Stripe.SetupIntent,
  params: Pick<
    Stripe.SetupIntentConfirmParams,
    'payment_method' | 'payment_method_options' | 'return_url' | 'use_stripe_sdk'
  >,
): Stripe.SetupIntent {
  refuseUnsupported(params, unsupported);
  const ctx = onClock(global, before);
  if (before.status === 'succeeded' || before.status === 'canceled') {
    throw invalidRequest(
      `You cannot confirm this SetupIntent because it has a status of ${before.status}.`,
      undefined,
      'setup_intent_unexpected_state',
    );
  }
  const reference = params.payment_method ?? idOrNull(before.payment_method);
  if (reference === null) {
    throw invalidRequest(
      "You cannot confirm this SetupIntent because it's missing a payment method.",
      'payment_method',
      'setup_intent_unexpected_state',
    );
  }
  const told = ctx.update('setup_intent', before, keptOnSetup(params, before));
  const after = confirmSetup(ctx, told, {
    paymentMethod: reference,
    returnUrl: params.use_stripe_sdk ? null : (params.return_url ?? null),
  });
  if (after.status === 'requires_payment_method') {
    throw thrownDecline(after.last_setup_error as IntentError, { setup_intent: after });
  }
  followSetup(ctx, after);
  return after;
}

function update(
  global: Context,
  before: Stripe.SetupIntent,
  params: Stripe.SetupIntentUpdateParams,
): Stripe.SetupIntent {
  const ctx = onClock(global, before);
  refuseUnsupported(params, unsupported);
  const patch: Partial<Stripe.SetupIntent> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...keptOnSetup(params, before),
  };
  if (params.description !== undefined) patch.description = params.description;
  if (params.customer !== undefined) {
    if (ctx.store.find('customer', params.customer) === undefined) {
      throw noSuch('customer', params.customer, 'customer');
    }
    patch.customer = params.customer;
  }
  if (params.payment_method !== undefined) {
    patch.payment_method = resolveMethod(ctx, params.payment_method).id;
    if (before.status === 'requires_payment_method') patch.status = 'requires_confirmation';
  }
  return ctx.update('setup_intent', before, patch);
}

function onClock(ctx: Context, intent: Stripe.SetupIntent): Context {
  const customer = ctx.store.find('customer', idOrNull(intent.customer) ?? '');
  return ctx.onClock(idOrNull(customer?.test_clock));
}
