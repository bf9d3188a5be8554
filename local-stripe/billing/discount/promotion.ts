import type Stripe from 'stripe';
import { invalidRequest, noSuch } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { appliesTo } from './coupon.ts';

/** Why a promotion code cannot be used here; null when it can. */
export type PromotionRefusal =
  | {
      reason:
        | 'invalid'
        | 'expired'
        | 'usedUp'
        | 'notForYou'
        | 'firstOnly'
        | 'notForThis'
        /** What would be left to pay is less than can be charged. */
        | 'tooLittle';
    }
  | { reason: 'minimum'; amount: number; currency: string };

/** The order a code is to be used on. */
export interface PromotionOrder {
  customer: string | null;
  currency: string;
  /** Null: not known yet, since lines of an invoice may come after its discounts. */
  lines: readonly { price: string }[] | null;
  /** Before discounts, what recurs counted although a trial may postpone it. */
  orderAmount: number;
}

/** The active code with this text: letter case does not matter to people. */
export function findPromotionCode(ctx: Context, text: string): Stripe.PromotionCode | undefined {
  const wanted = text.trim().toLowerCase();
  for (const code of ctx.store.newestFirst('promotion_code')) {
    if (code.active && code.code.toLowerCase() === wanted) return code;
  }
  return undefined;
}

export function refusalOfPromotionCode(
  ctx: Context,
  code: Stripe.PromotionCode,
  order: PromotionOrder,
): PromotionRefusal | null {
  if (!code.active) return { reason: 'invalid' };
  if (code.expires_at !== null && code.expires_at <= ctx.now) return { reason: 'expired' };
  if (code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions) {
    return { reason: 'usedUp' };
  }
  const owner = idOrNull(code.customer);
  if (owner !== null && owner !== order.customer) return { reason: 'notForYou' };
  if (code.restrictions.first_time_transaction && hasPaidBefore(ctx, order.customer)) {
    return { reason: 'firstOnly' };
  }
  const minimum =
    code.restrictions.minimum_amount_currency === order.currency
      ? code.restrictions.minimum_amount
      : (code.restrictions.currency_options?.[order.currency]?.minimum_amount ?? null);
  if (minimum !== null && order.lines !== null && order.orderAmount < minimum) {
    return { reason: 'minimum', amount: minimum, currency: order.currency };
  }
  const coupon = ctx.store.find('coupon', idOrNull(code.promotion.coupon) ?? '');
  return coupon === undefined ? { reason: 'invalid' } : refusalOfCoupon(ctx, coupon, order);
}

export function refusalOfCoupon(
  ctx: Context,
  coupon: Stripe.Coupon,
  order: PromotionOrder,
): PromotionRefusal | null {
  if (coupon.redeem_by !== null && coupon.redeem_by <= ctx.now) return { reason: 'expired' };
  if (coupon.max_redemptions !== null && coupon.times_redeemed >= coupon.max_redemptions) {
    return { reason: 'usedUp' };
  }
  if (!coupon.valid) return { reason: 'invalid' };
  const fits = ({ price }: { price: string }) => appliesTo(coupon, ctx.store.get('price', price));
  if (order.lines !== null && !order.lines.some(fits)) return { reason: 'notForThis' };
  const isOtherMoney =
    coupon.amount_off !== null &&
    coupon.currency !== order.currency &&
    coupon.currency_options?.[order.currency] === undefined;
  return isOtherMoney ? { reason: 'notForThis' } : null;
}

function hasPaidBefore(ctx: Context, customer: string | null): boolean {
  if (customer === null) return false;
  return (
    ctx.store.by('invoice', 'customer', customer).some(({ status }) => status === 'paid') ||
    ctx.store
      .by('payment_intent', 'customer', customer)
      .some(({ status }) => status === 'succeeded')
  );
}

/** The `discounts` a new session is given, refused as the API refuses them. */
export function readDiscounts(
  ctx: Context,
  given: Stripe.Checkout.SessionCreateParams.Discount[],
  order: PromotionOrder,
): Stripe.Checkout.Session.Discount[] {
  return given.map(({ coupon, promotion_code }) => {
    if (promotion_code) {
      const code = ctx.store.find('promotion_code', promotion_code);
      if (code === undefined) {
        throw noSuch('promotion code', promotion_code, 'discounts[0][promotion_code]');
      }
      assertUsable(refusalOfPromotionCode(ctx, code, order), 'promotion_code');
      return { coupon: null, promotion_code };
    }
    const found = ctx.store.find('coupon', coupon!);
    if (found === undefined) throw noSuch('coupon', coupon!, 'discounts[0][coupon]');
    assertUsable(refusalOfCoupon(ctx, found, order), 'coupon');
    return { coupon: coupon!, promotion_code: null };
  });
}

/** Throws what the API answers to a discount that is refused. */
export function assertUsable(
  refusal: PromotionRefusal | null,
  name: 'coupon' | 'promotion_code',
  param = `discounts[0][${name}]`,
): void {
  if (refusal === null) return;
  const noun = name === 'coupon' ? 'coupon' : 'promotion code';
  const sentences = {
    invalid: `This ${noun} is not active.`,
    expired: `This ${noun} has expired.`,
    usedUp: `This ${noun} has been redeemed the maximum number of times.`,
    notForYou: `This ${noun} cannot be redeemed by this customer.`,
    firstOnly: `This ${noun} cannot be redeemed because the associated customer has prior transactions.`,
    notForThis: `This ${noun} does not apply to anything in this order.`,
    tooLittle: `This ${noun} leaves less to pay than can be charged.`,
    minimum: `This ${noun} needs an order of a minimum amount.`,
  };
  const code = refusal.reason === 'expired' ? 'coupon_expired' : undefined;
  throw invalidRequest(sentences[refusal.reason], param, code);
}
