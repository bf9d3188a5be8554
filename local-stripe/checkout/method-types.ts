import type Stripe from 'stripe';
import { assertedTypes, isWallet, wechatClient } from '../billing/payment/wallets.ts';
import { invalidRequest } from '../kernel/errors.ts';

type CreateParams = Stripe.Checkout.SessionCreateParams;

/**
 * What a new session may be paid with: all that currency and mode allow, less what the request
 * filters out. Wallets are for single payments: where they alone are asked for in another mode, the
 * refusal says so in Stripe's words.
 */
export function methodTypesOf(params: CreateParams, currency: string | null): string[] {
  const allowed = params.allowed_payment_method_types ?? null;
  const wallet = allowed?.every((type) => isWallet(type)) ? allowed[0] : undefined;
  if (params.mode !== 'payment' && wallet !== undefined) {
    throw invalidRequest(
      `The payment method \`${wallet}\` cannot be used in \`${params.mode}\` mode.`,
      'allowed_payment_method_types',
    );
  }
  const data = params.payment_intent_data ?? {};
  return assertedTypes({
    currency: currency ?? '',
    captureMethod: data.capture_method ?? 'automatic',
    setupFutureUsage: params.mode === 'payment' ? (data.setup_future_usage ?? null) : 'off_session',
    allowsRedirects: true,
    allowed,
    excluded: params.excluded_payment_method_types ?? null,
  });
}

/** The options of the methods a session offers. */
export function methodOptionsOf(
  params: CreateParams,
  types: readonly string[],
): Stripe.Checkout.Session.PaymentMethodOptions {
  const { card } = params.payment_method_options ?? {};
  return {
    ...(types.includes('card') ? { card: { request_three_d_secure: 'automatic', ...card } } : {}),
    ...(types.includes('wechat_pay') ? { wechat_pay: wechatOptions(params) } : {}),
  };
}

/**
 * Checkout is a page of the web, and WeChat has to be told so where it is asked for by name. Where
 * Stripe itself offers it, it knows.
 */
function wechatOptions(
  params: CreateParams,
): Stripe.Checkout.Session.PaymentMethodOptions.WechatPay {
  const given = params.payment_method_options?.wechat_pay;
  const isNamed = params.allowed_payment_method_types?.includes('wechat_pay') ?? false;
  if ((given !== undefined || isNamed) && given?.client !== 'web') {
    throw invalidRequest(
      `WeChat Pay requires \`${wechatClient}\` to be set to \`web\`.`,
      wechatClient,
    );
  }
  return { app_id: given?.app_id ?? null, client: 'web' };
}
