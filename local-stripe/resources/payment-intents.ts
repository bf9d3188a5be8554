import type Stripe from 'stripe';
import { cancelIntent, createIntent } from '../billing/payment/intent.ts';
import { assertAmount } from '../billing/payment/amount-limits.ts';
import { captureIntent } from '../billing/payment/capture.ts';
import { thrownDecline } from '../billing/payment/decline.ts';
import type { IntentError } from '../billing/payment/decline.ts';
import { invoiceOfIntent } from '../billing/invoice/payments.ts';
import { resolveMethod } from '../billing/payment/methods.ts';
import { payIntent } from '../billing/payer/settle.ts';
import { refuseUnimitated } from '../billing/unimitated.ts';
import { cardError, invalidRequest, noSuch } from '../kernel/errors.ts';
import { mergeMetadata } from '../kernel/metadata.ts';
import { idOrNull } from '../kernel/reference.ts';
import { resource } from '../kernel/resource.ts';
import type { Context } from '../kernel/types.ts';
import { searchRoute } from './search/route.ts';

const unimitated = [
  'application_fee_amount',
  'confirmation_token',
  'customer_account',
  'mandate',
  'mandate_data',
  'on_behalf_of',
  'payment_method_data',
  'transfer_data',
  'transfer_group',
];

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
  create: create,
  update,
  actions: [
    { name: 'confirm', handle: confirm },
    {
      name: 'capture',
      handle: (ctx, intent, params: Stripe.PaymentIntentCaptureParams) => {
        return captureIntent(onClock(ctx, intent), intent, params.amount_to_capture);
      },
    },
    { name: 'cancel', handle: cancel },
  ],
});

function create(ctx: Context, params: Stripe.PaymentIntentCreateParams): Stripe.PaymentIntent {
  refuseUnimitated(params, unimitated);
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
  const method =
    params.payment_method === undefined ? null : usable(here, params.payment_method, customer);
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
    automatic:
      params.automatic_payment_methods === undefined
        ? { allow_redirects: 'always', enabled: true }
        : {
            allow_redirects: params.automatic_payment_methods.allow_redirects ?? 'always',
            enabled: params.automatic_payment_methods.enabled,
          },
    receiptEmail: params.receipt_email ?? null,
    statementDescriptor: params.statement_descriptor ?? null,
  });
  if (!params.confirm) return intent;
  return confirm(here, intent, params);
}

type Confirming = Pick<
  Stripe.PaymentIntentConfirmParams,
  | 'payment_method'
  | 'return_url'
  | 'off_session'
  | 'error_on_requires_action'
  | 'setup_future_usage'
>;

function confirm(
  global: Context,
  before: Stripe.PaymentIntent,
  params: Confirming,
): Stripe.PaymentIntent {
  const ctx = onClock(global, before);
  refuseUnimitated(params, unimitated);
  if (
    !['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(before.status)
  ) {
    throw invalidRequest(
      `You cannot confirm this PaymentIntent because it has a status of ${before.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  const reference = params.payment_method ?? idOrNull(before.payment_method);
  if (reference === null) {
    throw invalidRequest(
      'You cannot confirm this PaymentIntent because it’s missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.',
      'payment_method',
      'payment_intent_unexpected_state',
    );
  }
  const paymentMethod = usable(ctx, reference, idOrNull(before.customer));
  const intent =
    params.setup_future_usage === undefined
      ? before
      : ctx.update('payment_intent', before, {
          setup_future_usage: params.setup_future_usage || null,
        });
  const isOffSession = params.off_session !== undefined && params.off_session !== false;
  const after = payIntent(ctx, intent, {
    paymentMethod,
    returnUrl: params.return_url ?? null,
    // That of an invoice waits for the payer whatever was said.
    isUnattended:
      (isOffSession || params.error_on_requires_action === true) &&
      invoiceOfIntent(ctx, intent.id) === null,
  });
  if (after.status === 'requires_payment_method') {
    throw thrownDecline(after.last_payment_error as IntentError, { payment_intent: after });
  }
  if (after.status === 'requires_action' && (isOffSession || params.error_on_requires_action)) {
    throw cardError(
      {
        code: 'invoice_payment_intent_requires_action',
        message:
          'The payment for this invoice requires additional user action before it can be completed successfully.',
        payment_intent: after,
      },
      { keepsChanges: true },
    );
  }
  return after;
}

/** A payment method of this customer, or of nobody: somebody else's cannot be charged. */
function usable(ctx: Context, reference: string, customer: string | null): string {
  const method = resolveMethod(ctx, reference);
  const owner = idOrNull(method.customer);
  if (owner === null || owner === customer) return method.id;
  throw invalidRequest(
    `The provided PaymentMethod belongs to customer ${owner}: pass that customer with it.`,
    'payment_method',
  );
}

function update(
  global: Context,
  before: Stripe.PaymentIntent,
  params: Stripe.PaymentIntentUpdateParams,
): Stripe.PaymentIntent {
  const ctx = onClock(global, before);
  refuseUnimitated(params, unimitated);
  const patch: Partial<Stripe.PaymentIntent> = {
    metadata: mergeMetadata(before.metadata, params.metadata),
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
  if (params.payment_method !== undefined) {
    const customer = params.customer ?? idOrNull(before.customer);
    patch.payment_method = usable(ctx, params.payment_method, customer);
    patch.status = 'requires_confirmation';
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
  const reason = params.cancellation_reason ?? null;
  return cancelIntent(ctx, before, reason as Stripe.PaymentIntent.CancellationReason | null);
}

function onClock(ctx: Context, intent: Stripe.PaymentIntent): Context {
  const customer = ctx.store.find('customer', idOrNull(intent.customer) ?? '');
  return ctx.onClock(idOrNull(customer?.test_clock));
}
