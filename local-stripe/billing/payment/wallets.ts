import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { billingDetails } from '../addresses.ts';
import type { Context } from '../../kernel/types.ts';

/** A payment method whose owner authorizes each payment in an app of their own. */
export type Wallet = 'alipay' | 'wechat_pay';

interface WalletRules {
  /** As the payer knows it; `words` of the pages have it in their language. */
  name: string;
  currencies: readonly string[];
  /** After so many days a charge can no longer be refunded. */
  refundDays: number;
  /** How long the wallet takes to give money back. */
  refundSeconds: number;
}

/** docs.stripe.com/payments/alipay and …/wechat-pay: presentment currencies, refunds. No disputes. */
export const wallets: Record<Wallet, WalletRules> = {
  alipay: {
    name: 'Alipay',
    currencies: ['cny', 'aud', 'cad', 'eur', 'gbp', 'hkd', 'jpy', 'sgd', 'myr', 'nzd', 'usd'],
    refundDays: 90,
    refundSeconds: 300,
  },
  wechat_pay: {
    name: 'WeChat Pay',
    currencies: [
      ...['cny', 'aud', 'cad', 'eur', 'gbp', 'hkd', 'jpy'],
      ...['sgd', 'usd', 'dkk', 'nok', 'sek', 'chf'],
    ],
    refundDays: 180,
    refundSeconds: 3600,
  },
};

export const walletTypes = Object.keys(wallets) as Wallet[];

export function isWallet(type: string): type is Wallet {
  return Object.hasOwn(wallets, type);
}

/** The wallet behind a payment method, or null when it is a card. */
export function walletOf(method: Pick<Stripe.PaymentMethod, 'type'>): Wallet | null {
  return isWallet(method.type) ? method.type : null;
}

/** A payment method of nobody's; it is good for one payment. */
export function createWalletMethod(
  ctx: Context,
  type: Wallet,
  facts: {
    billing?: Partial<Stripe.PaymentMethod.BillingDetails>;
    allowRedisplay?: Stripe.PaymentMethod.AllowRedisplay;
    metadata?: Stripe.Emptyable<Stripe.MetadataParam>;
  } = {},
): Stripe.PaymentMethod {
  return ctx.store.put('payment_method', {
    id: ctx.newId('pm'),
    object: 'payment_method',
    allow_redisplay: facts.allowRedisplay ?? 'unspecified',
    billing_details: billingDetails(facts.billing),
    created: ctx.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: mergeMetadata({}, facts.metadata),
    type,
    [type]: {},
  });
}

export interface Payable {
  currency: string;
  captureMethod: string;
  setupFutureUsage: string | null;
  /** False where nobody may be sent to another page. */
  allowsRedirects: boolean;
  /** `allowed_payment_method_types`: a filter on what is eligible; null is none. */
  allowed: readonly string[] | null;
  excluded: readonly string[] | null;
}

/**
 * The methods that a payment may be made with, card first. Stripe computes them from currency and
 * kind of payment: wallets hold no money back, and are not charged again later.
 */
export function eligibleTypes(payment: Payable): string[] {
  const isPlain = payment.captureMethod !== 'manual' && payment.setupFutureUsage === null;
  const fitting = walletTypes.filter((type) => {
    const goes = payment.allowsRedirects || type !== 'alipay';
    return isPlain && goes && wallets[type].currencies.includes(payment.currency);
  });
  return ['card', ...fitting].filter((type) => {
    return (payment.allowed?.includes(type) ?? true) && !payment.excluded?.includes(type);
  });
}

/** The same, or 400 when nothing is left, with the reason. `param` names the filter. */
export function assertedTypes(payment: Payable, param = 'allowed_payment_method_types'): string[] {
  const types = eligibleTypes(payment);
  if (types.length > 0) return types;
  const [wallet] = (payment.allowed ?? []).filter(isWallet);
  if (wallet !== undefined) assertWalletCurrency(wallet, payment.currency, param);
  throw invalidRequest(
    'No payment method is left to pay with: the local Stripe imitates `card`, `alipay` and `wechat_pay`, the last two for payments that are captured at once and not saved for later.',
    payment.excluded?.includes('card') ? 'excluded_payment_method_types' : param,
  );
}

/** What an answer says of the options of these methods; where WeChat is scanned is told later. */
export function walletOptions(
  types: readonly string[],
): Pick<Stripe.PaymentIntent.PaymentMethodOptions, Wallet> {
  return {
    ...(types.includes('alipay') ? { alipay: {} } : {}),
    ...(types.includes('wechat_pay') ? { wechat_pay: { app_id: null, client: null } } : {}),
  };
}

/** Where it is said from which kind of device WeChat is paid. */
export const wechatClient = 'payment_method_options[wechat_pay][client]';

/** 400 in Stripe's words when a wallet does not take this currency. */
export function assertWalletCurrency(type: Wallet, currency: string, param: string): void {
  if (wallets[type].currencies.includes(currency)) return;
  const known = wallets[type].currencies.map((one) => `\`${one}\``).join(', ');
  throw invalidRequest(
    `Invalid currency: ${currency}. The payment method \`${type}\` only supports the following currencies: ${known}.`,
    param,
  );
}

/** 400 in Stripe's words where a wallet is to be kept for later. */
export function assertReusable(method: Stripe.PaymentMethod, param = 'payment_method'): void {
  if (walletOf(method) === null) return;
  throw invalidRequest(
    `Payment methods of type \`${method.type}\` are for a single payment and cannot be saved or charged later.`,
    param,
    'payment_method_unsupported_type',
  );
}
