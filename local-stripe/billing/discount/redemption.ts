import type Stripe from 'stripe';
import { assertUsable, refusalOfCoupon, refusalOfPromotionCode } from './promotion.ts';
import type { PromotionOrder } from './promotion.ts';
import { noSuch } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { addMonths } from '../calendar.ts';

/** One entry of a `discounts` parameter. */
export interface GivenDiscount {
  coupon?: string | null;
  promotion_code?: string | null;
  discount?: string | null;
}

/** What the discount is put on. Ids; exactly the ones that apply are set. */
export interface DiscountTarget {
  customer: string;
  subscription?: string;
  subscriptionItem?: string;
  invoice?: string;
  invoiceItem?: string;
  checkoutSession?: string;
}

/**
 * Redeems a coupon or a promotion code: checks that it may be used on `order`, counts the
 * redemption, keeps the discount and emits `customer.discount.created`. A `discount` that exists is
 * passed on as it is. `place` names the parameter in errors, such as `discounts[0]`.
 */
export function redeem(
  ctx: Context,
  given: GivenDiscount,
  target: DiscountTarget,
  order: PromotionOrder,
  place: string,
): Stripe.Discount {
  if (given.discount) {
    const existing = ctx.store.find('discount', given.discount);
    if (!existing || idOrNull(existing.customer) !== target.customer) {
      throw noSuch('discount', given.discount, `${place}[discount]`);
    }
    return existing;
  }
  const code = given.promotion_code ? usableCode(ctx, given.promotion_code, order, place) : null;
  const coupon = code
    ? ctx.store.get('coupon', idOf(code.promotion.coupon ?? ''))
    : usableCoupon(ctx, given.coupon ?? '', order, place);
  return keepDiscount(ctx, coupon, code, target);
}

/** Counts a redemption that has been judged, and keeps its discount. */
export function keepDiscount(
  ctx: Context,
  coupon: Stripe.Coupon,
  code: Stripe.PromotionCode | null,
  target: DiscountTarget,
): Stripe.Discount {
  if (code) ctx.store.put('promotion_code', { ...code, times_redeemed: code.times_redeemed + 1 });
  ctx.store.put('coupon', { ...coupon, times_redeemed: coupon.times_redeemed + 1 });
  const discount = ctx.store.put('discount', {
    id: ctx.newId('di'),
    object: 'discount',
    checkout_session: target.checkoutSession ?? null,
    customer: target.customer,
    customer_account: null,
    end: endOf(coupon, ctx.now),
    invoice: target.invoice ?? null,
    invoice_item: target.invoiceItem ?? null,
    promotion_code: code?.id ?? null,
    source: { coupon: coupon.id, type: 'coupon' },
    start: ctx.now,
    subscription: target.subscription ?? null,
    subscription_item: target.subscriptionItem ?? null,
  });
  ctx.emit('customer.discount.created', discount);
  return discount;
}

/**
 * The discounts of an invoice or an invoice item, by id: taken off whatever lines it has in the end.
 * Empty text stands for none.
 */
export function redeemForInvoice(
  ctx: Context,
  given: Stripe.Emptyable<readonly GivenDiscount[]>,
  target: DiscountTarget,
  currency: string,
  place = 'discounts',
): string[] {
  const order = { customer: target.customer, currency, lines: null, orderAmount: 0 };
  return (given || []).map((one, i) => redeem(ctx, one, target, order, `${place}[${i}]`).id);
}

function usableCode(
  ctx: Context,
  id: string,
  order: PromotionOrder,
  place: string,
): Stripe.PromotionCode {
  const param = `${place}[promotion_code]`;
  const code = ctx.store.find('promotion_code', id);
  if (!code) throw noSuch('promotion code', id, param);
  assertUsable(refusalOfPromotionCode(ctx, code, order), 'promotion_code', param);
  return code;
}

function usableCoupon(
  ctx: Context,
  id: string,
  order: PromotionOrder,
  place: string,
): Stripe.Coupon {
  const param = `${place}[coupon]`;
  const coupon = ctx.store.find('coupon', id);
  if (!coupon) throw noSuch('coupon', id, param);
  assertUsable(refusalOfCoupon(ctx, coupon, order), 'coupon', param);
  return coupon;
}

/** Months are counted by the calendar; `once` and `forever` have no end of their own. */
function endOf(coupon: Stripe.Coupon, now: number): number | null {
  return coupon.duration === 'repeating' ? addMonths(now, coupon.duration_in_months ?? 0) : null;
}
