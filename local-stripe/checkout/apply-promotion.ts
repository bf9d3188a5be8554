import type Stripe from 'stripe';
import { isTooSmall } from '../billing/payment/amount-limits.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { fullAmount } from './create.ts';
import { findPromotionCode, refusalOfPromotionCode } from '../billing/discount/promotion.ts';
import type { PromotionRefusal } from '../billing/discount/promotion.ts';
import { couponOfSession, sessionTotals } from './session.ts';

/** Enters a promotion code on an open session's page. Null: it counts from now on. */
export function applyPromotionCode(
  ctx: Context,
  session: Stripe.Checkout.Session,
  text: string,
): PromotionRefusal | null {
  const row = ctx.store.get('_checkout', session.id);
  const code = findPromotionCode(ctx, text);
  if (code === undefined) return { reason: 'invalid' };
  const refusal = refusalOfPromotionCode(ctx, code, {
    customer: idOrNull(session.customer),
    currency: session.currency ?? '',
    lines: row.lines,
    orderAmount: fullAmount(ctx, row.lines, session.currency ?? ''),
  });
  if (refusal !== null) return refusal;
  const discounts = [{ coupon: null, promotion_code: code.id }];
  const { amount_total: total } = sessionTotals(ctx, { ...session, discounts }, row);
  const tooLittle = session.mode === 'payment' && total !== null && total > 0;
  if (tooLittle && isTooSmall(total, session.currency!)) return { reason: 'tooLittle' };
  setDiscounts(ctx, session, discounts);
  return null;
}

export function removePromotionCode(ctx: Context, session: Stripe.Checkout.Session): void {
  setDiscounts(ctx, session, []);
}

/**
 * Counts what a one-time payment redeemed. (The discounts of a subscription or an invoice are
 * counted when they are put on it.)
 */
export function countRedemption(ctx: Context, session: Stripe.Checkout.Session): void {
  if (session.mode !== 'payment' || session.invoice_creation?.enabled === true) return;
  const code = ctx.store.find(
    'promotion_code',
    idOrNull(session.discounts?.[0]?.promotion_code) ?? '',
  );
  if (code !== undefined) {
    ctx.store.put('promotion_code', { ...code, times_redeemed: code.times_redeemed + 1 });
  }
  const coupon = couponOfSession(ctx, session);
  if (coupon === null) return;
  ctx.store.put('coupon', { ...coupon, times_redeemed: coupon.times_redeemed + 1 });
}

function setDiscounts(
  ctx: Context,
  session: Stripe.Checkout.Session,
  discounts: Stripe.Checkout.Session.Discount[],
): void {
  const changed = { ...session, discounts };
  const row = ctx.store.get('_checkout', session.id);
  ctx.store.put('checkout.session', { ...changed, ...sessionTotals(ctx, changed, row) });
}
