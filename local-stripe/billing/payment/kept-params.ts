import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { address } from '../addresses.ts';

type Given = Pick<
  Stripe.PaymentIntentUpdateParams,
  | 'capture_method'
  | 'payment_details'
  | 'payment_method_options'
  | 'receipt_email'
  | 'shipping'
  | 'statement_descriptor'
  | 'statement_descriptor_suffix'
  | 'transfer_group'
>;

type Kept = Partial<Stripe.PaymentIntent>;

/** Parameters of a payment intent that change nothing here but are told again, on the charge too. */
export function keptOnIntent(given: Partial<Given>, before?: Stripe.PaymentIntent): Kept {
  const kept: Kept = {};
  for (const name of [
    'receipt_email',
    'statement_descriptor',
    'statement_descriptor_suffix',
    'transfer_group',
  ] as const) {
    if (given[name] !== undefined) kept[name] = given[name] || null;
  }
  if (given.capture_method !== undefined) kept.capture_method = given.capture_method;
  if (given.shipping !== undefined)
    kept.shipping = given.shipping ? shippingOf(given.shipping) : null;
  if (given.payment_details) {
    const { customer_reference, order_reference } = given.payment_details;
    kept.payment_details = {
      customer_reference: customer_reference || null,
      order_reference: order_reference || null,
    };
  }
  const { alipay, card, wechat_pay: wechat } = given.payment_method_options ?? {};
  if (alipay || card || wechat) {
    const options = before?.payment_method_options ?? {};
    kept.payment_method_options = {
      ...options,
      ...(alipay ? { alipay: { ...options.alipay, ...onlyOnce(alipay) } } : {}),
      ...(card ? withCard(options, card) : {}),
      ...(wechat ? withWechat(options, wechat) : {}),
    };
  }
  return kept;
}

/** The same for a setup intent. */
export function keptOnSetup(
  given: Pick<Stripe.SetupIntentUpdateParams, 'flow_directions' | 'payment_method_options'>,
  before?: Stripe.SetupIntent,
): Partial<Stripe.SetupIntent> {
  const card = given.payment_method_options?.card;
  const options = before?.payment_method_options ?? null;
  return {
    ...(given.flow_directions === undefined
      ? {}
      : { flow_directions: given.flow_directions || null }),
    ...(card
      ? {
          payment_method_options: {
            ...options,
            card: { mandate_options: null, ...cardOf(options?.card, card) },
          } as Stripe.SetupIntent.PaymentMethodOptions,
        }
      : {}),
  };
}

/** Puts what a request told on an intent, if it told anything. */
export function keepOn(
  ctx: Context,
  before: Stripe.PaymentIntent,
  given: Partial<Given>,
): Stripe.PaymentIntent {
  return ctx.update('payment_intent', before, keptOnIntent(given, before));
}

type Options = Stripe.PaymentIntent.PaymentMethodOptions;

function withCard(
  options: Options,
  card: Stripe.PaymentIntentUpdateParams.PaymentMethodOptions.Card,
): Options {
  const usage = card.setup_future_usage ? { setup_future_usage: card.setup_future_usage } : {};
  const empty = { installments: null, mandate_options: null };
  return { card: { ...empty, ...cardOf(options.card, card), ...usage } } as Options;
}

function withWechat(
  { wechat_pay: before }: Options,
  given: Stripe.PaymentIntentUpdateParams.PaymentMethodOptions.WechatPay,
): Options {
  return {
    wechat_pay: {
      app_id: given.app_id ?? before?.app_id ?? null,
      client: given.client ?? before?.client ?? null,
      ...onlyOnce(given),
    },
  };
}

/** A wallet is never kept for later; that may be said. */
function onlyOnce({ setup_future_usage: usage }: { setup_future_usage?: string | null }) {
  return !usage ? {} : { setup_future_usage: 'none' as const };
}

function cardOf(
  before: { network?: string | null; request_three_d_secure?: string | null } | undefined,
  card: { network?: string; request_three_d_secure?: string },
) {
  return {
    ...before,
    network: card.network ?? before?.network ?? null,
    request_three_d_secure:
      card.request_three_d_secure ?? before?.request_three_d_secure ?? 'automatic',
  };
}

function shippingOf(
  given: Stripe.PaymentIntentUpdateParams.Shipping,
): Stripe.PaymentIntent.Shipping {
  return {
    address: address(given.address ?? {}),
    carrier: given.carrier || null,
    name: given.name ?? null,
    phone: given.phone || null,
    tracking_number: given.tracking_number || null,
  } as Stripe.PaymentIntent.Shipping;
}
