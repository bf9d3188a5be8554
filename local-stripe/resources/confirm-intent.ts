import type Stripe from 'stripe';
import { invoiceOfIntent } from '../billing/invoice/payments.ts';
import { thrownDecline } from '../billing/payment/decline.ts';
import type { IntentError } from '../billing/payment/decline.ts';
import { keepOn } from '../billing/payment/kept-params.ts';
import { resolveMethod } from '../billing/payment/methods.ts';
import { payIntent } from '../billing/payer/settle.ts';
import { walletOf, wechatClient } from '../billing/payment/wallets.ts';
import { refuseUnsupported } from '../billing/unsupported.ts';
import { cardError, invalidRequest, missingParam } from '../kernel/errors.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { createFromData } from './payment-methods.ts';

/** Parameters of a payment intent that are refused in words. */
export const unsupported = [
  'application_fee_amount',
  'confirmation_token',
  'customer_account',
  'mandate',
  'mandate_data',
  'on_behalf_of',
  'transfer_data',
];

/** The payment method that a request names or brings along. */
export function givenMethod(
  ctx: Context,
  given: Pick<Confirming, 'payment_method' | 'payment_method_data'>,
  customer: string | null,
): string | null {
  if (given.payment_method !== undefined) return usable(ctx, given.payment_method, customer);
  if (given.payment_method_data === undefined) return null;
  return createFromData(ctx, given.payment_method_data).id;
}

type Confirming = Pick<
  Stripe.PaymentIntentConfirmParams,
  | 'payment_method'
  | 'payment_method_data'
  | 'payment_method_options'
  | 'return_url'
  | 'off_session'
  | 'error_on_requires_action'
  | 'capture_method'
  | 'payment_details'
  | 'receipt_email'
  | 'shipping'
  | 'use_stripe_sdk'
  | 'setup_future_usage'
>;

export function confirm(
  global: Context,
  before: Stripe.PaymentIntent,
  params: Confirming,
): Stripe.PaymentIntent {
  const ctx = onClock(global, before);
  refuseUnsupported(params, unsupported);
  if (
    !['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(before.status)
  ) {
    throw invalidRequest(
      `You cannot confirm this PaymentIntent because it has a status of ${before.status}. Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.`,
      undefined,
      'payment_intent_unexpected_state',
    );
  }
  const paymentMethod =
    givenMethod(ctx, params, idOrNull(before.customer)) ?? idOrNull(before.payment_method);
  if (paymentMethod === null) {
    throw invalidRequest(
      'You cannot confirm this PaymentIntent because it’s missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.',
      'payment_method',
      'payment_intent_unexpected_state',
    );
  }
  assertWalletParams(ctx, before, paymentMethod, params);
  const intent =
    params.setup_future_usage === undefined
      ? before
      : ctx.update('payment_intent', before, {
          setup_future_usage: params.setup_future_usage || null,
        });
  const isOffSession = params.off_session !== undefined && params.off_session !== false;
  if (isOffSession) assertNotSaved(ctx, intent);
  const after = payIntent(ctx, keepOn(ctx, intent, params), {
    paymentMethod,
    returnUrl: params.use_stripe_sdk ? null : (params.return_url ?? null),
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

/** What is kept for later is set up with its owner there. That of an invoice waits for them anyway. */
function assertNotSaved(
  ctx: Context,
  { id, setup_future_usage: usage }: Stripe.PaymentIntent,
): void {
  if (usage === null || invoiceOfIntent(ctx, id) !== null) return;
  throw invalidRequest(
    'You cannot confirm with the `off_session` parameter when `setup_future_usage` is also set on the PaymentIntent because you cannot set up future usages when processing payments off-session.',
    'off_session',
  );
}

/** A wallet's owner must be there, and come back from where they authorize. */
function assertWalletParams(
  ctx: Context,
  intent: Stripe.PaymentIntent,
  paymentMethod: string,
  params: Confirming,
): void {
  const wallet = walletOf(ctx.store.get('payment_method', paymentMethod));
  if (wallet === null) return;
  if (params.off_session !== undefined && params.off_session !== false) {
    throw invalidRequest(
      `The payment method type ${wallet} cannot be used with \`off_session\`: its owner authorizes each payment.`,
      'off_session',
    );
  }
  if (wallet === 'alipay' && !params.return_url) {
    throw invalidRequest(
      `You must provide a \`return_url\` when confirming a PaymentIntent with the payment method type ${wallet}.`,
      'return_url',
    );
  }
  if (wallet === 'wechat_pay') assertClient(intent, params);
}

/** WeChat has to be told where its code is scanned, with the confirmation or before. */
function assertClient(
  { payment_method_options: options }: Stripe.PaymentIntent,
  params: Confirming,
): void {
  const given = params.payment_method_options?.wechat_pay || {};
  const client = given.client ?? options?.wechat_pay?.client ?? null;
  if (client === null) throw missingParam(wechatClient);
  if (client === 'web') return;
  throw invalidRequest(
    `The local Stripe imitates WeChat Pay for \`web\` alone, not ${client}.`,
    wechatClient,
  );
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

export function onClock(ctx: Context, intent: Stripe.PaymentIntent): Context {
  const customer = ctx.store.find('customer', idOrNull(intent.customer) ?? '');
  return ctx.onClock(idOrNull(customer?.test_clock));
}
