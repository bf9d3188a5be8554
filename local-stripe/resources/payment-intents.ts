import type Stripe from 'stripe';
import { assertAmount } from '../billing/payment/amount-limits.ts';
import { createIntent } from '../billing/payment/create-intent.ts';
import { cancelIntent } from '../billing/payment/intent.ts';
import { keepOn, keptOnIntent } from '../billing/payment/kept-params.ts';
import { captureIntent } from '../billing/payment/capture.ts';
import { assertedTypes } from '../billing/payment/wallets.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { invalidRequest, noSuch } from '../kernel/errors.ts';
import { settleDelayed } from '../checkout/delayed.ts';
import { assertNotOfCheckout } from '../checkout/expire.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from './resource.ts';
import type { Context } from '../kernel/types.ts';
import { searchRoute } from './search/route.ts';
import { confirm, givenMethod, onClock, unsupported } from './confirm-intent.ts';

export const paymentIntents = resource({
  kind: 'payment_intent',
  path: '/v1/payment_intents',
  references: {
    customer: 'customer',
    latest_charge: 'charge',
    payment_method: 'payment_method',
  },
  indexes: { customer: ({ customer }) => idOrNull(customer) },
  list: {
    customer: (intent, customer: string) => idOrNull(intent.customer) === customer,
  },
  routes: [searchRoute('payment_intent', '/v1/payment_intents')],
  due: {
    'payment_intent.clears': (ctx, id) => settleDelayed(ctx, id, 'succeeded'),
    'payment_intent.bounces': (ctx, id) => settleDelayed(ctx, id, 'failed'),
  },
  create: create,
  update,
  actions: [
    { name: 'confirm', handle: confirm },
    {
      name: 'capture',
      handle: (ctx, intent, params: Stripe.PaymentIntentCaptureParams) => {
        const here = onClock(ctx, intent);
        const metadata = mergeMetadata(intent.metadata, params.metadata);
        const told = here.update('payment_intent', keepOn(here, intent, params), { metadata });
        return captureIntent(here, told, params.amount_to_capture);
      },
    },
    { name: 'cancel', handle: cancel },
  ],
});

function create(ctx: Context, params: Stripe.PaymentIntentCreateParams): Stripe.PaymentIntent {
  refuseUnsupported(params, unsupported);
  const early = (['off_session', 'error_on_requires_action', 'return_url'] as const).find(
    (name) => {
      return params[name] !== undefined && !params.confirm;
    },
  );
  if (early !== undefined) {
    throw invalidRequest(`\`${early}\` can only be set when \`confirm\` is true.`, early);
  }
  assertAmount(params.amount, params.currency, 'amount');
  const customer = params.customer ?? null;
  if (customer !== null && ctx.store.find('customer', customer) === undefined) {
    throw noSuch('customer', customer, 'customer');
  }
  const here = ctx.onClock(idOrNull(ctx.store.find('customer', customer ?? '')?.test_clock));
  const method = givenMethod(here, params, customer);
  const automatic = automaticOf(params.automatic_payment_methods);
  const intent = createIntent(here, {
    amount: params.amount,
    currency: params.currency,
    customer,
    paymentMethod: method,
    description: params.description ?? null,
    ...(params.metadata === undefined ? {} : { metadata: params.metadata }),
    setupFutureUsage: params.setup_future_usage ?? null,
    ...(params.capture_method === undefined ? {} : { captureMethod: params.capture_method }),
    ...(params.confirmation_method === undefined
      ? {}
      : { confirmationMethod: params.confirmation_method }),
    automatic,
    types: assertedTypes({
      currency: params.currency,
      captureMethod: params.capture_method ?? 'automatic_async',
      setupFutureUsage: params.setup_future_usage ?? null,
      allowsRedirects: automatic.allow_redirects !== 'never',
      allowed: params.allowed_payment_method_types ?? null,
      excluded: params.excluded_payment_method_types || null,
    }),
    allowedTypes: params.allowed_payment_method_types ?? null,
    excludedTypes: params.excluded_payment_method_types || null,
    receiptEmail: params.receipt_email ?? null,
    kept: keptOnIntent(params),
  });
  if (!params.confirm) return intent;
  // What the request brought along is the intent's by now.
  const { payment_method_data: _data, ...confirming } = params;
  return confirm(here, intent, confirming);
}

function automaticOf(
  given: Stripe.PaymentIntentCreateParams.AutomaticPaymentMethods | undefined,
): Stripe.PaymentIntent.AutomaticPaymentMethods {
  return { allow_redirects: given?.allow_redirects ?? 'always', enabled: given?.enabled ?? true };
}

function update(
  global: Context,
  before: Stripe.PaymentIntent,
  params: Stripe.PaymentIntentUpdateParams,
): Stripe.PaymentIntent {
  const ctx = onClock(global, before);
  refuseUnsupported(params, unsupported);
  const patch: Partial<Stripe.PaymentIntent> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
    ...keptOnIntent(params, before),
  };
  const isOpen = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(
    before.status,
  );
  const wanted = Object.keys(params).filter(
    (name) => !['metadata', 'description', 'expand', 'receipt_email'].includes(name),
  );
  if (!isOpen && wanted.length > 0) {
    throw invalidRequest(
      `This PaymentIntent's ${wanted[0]} could not be updated because it has a status of ${before.status}.`,
      wanted[0],
      'payment_intent_unexpected_state',
    );
  }
  if (params.amount !== undefined) patch.amount = params.amount;
  if (params.currency !== undefined) patch.currency = params.currency;
  if (params.amount !== undefined || params.currency !== undefined) {
    assertAmount(params.amount ?? before.amount, params.currency ?? before.currency, 'amount');
  }
  if (params.description !== undefined) patch.description = params.description;
  if (params.receipt_email !== undefined) patch.receipt_email = params.receipt_email || null;
  if (params.setup_future_usage !== undefined) {
    patch.setup_future_usage = params.setup_future_usage || null;
  }
  if (params.customer !== undefined) {
    if (ctx.store.find('customer', params.customer) === undefined) {
      throw noSuch('customer', params.customer, 'customer');
    }
    patch.customer = params.customer;
  }
  const method = givenMethod(ctx, params, params.customer ?? idOrNull(before.customer));
  if (method !== null) {
    patch.payment_method = method;
    patch.status = 'requires_confirmation';
  }
  if (before.automatic_payment_methods !== null) {
    const after = { ...before, ...patch };
    patch.payment_method_types = assertedTypes({
      currency: after.currency,
      captureMethod: after.capture_method,
      setupFutureUsage: after.setup_future_usage,
      allowsRedirects: before.automatic_payment_methods.allow_redirects !== 'never',
      allowed: before.allowed_payment_method_types,
      excluded: before.excluded_payment_method_types,
    });
  }
  return ctx.update('payment_intent', before, patch);
}

function cancel(
  global: Context,
  before: Stripe.PaymentIntent,
  params: Stripe.PaymentIntentCancelParams,
): Stripe.PaymentIntent {
  const ctx = onClock(global, before);
  if (ctx.store.by('invoice_payment', 'payment_intent', before.id).length > 0) {
    throw invalidRequest(
      'You cannot cancel this PaymentIntent because it pays an invoice: void the invoice instead.',
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  if (before.status !== 'requires_capture') assertNotOfCheckout(ctx, before.id, 'PaymentIntent');
  const reason = params.cancellation_reason ?? null;
  return cancelIntent(ctx, before, reason as Stripe.PaymentIntent.CancellationReason | null);
}
