import type Stripe from 'stripe';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { quoteSubscription } from './payment.ts';
import { checkoutAmounts } from './amounts.ts';
import { orderOf } from './order.ts';
import { nobody } from './row.ts';
import type { CheckoutRow } from './row.ts';

/** Whether what recurs starts free. */
export function hasTrial(row: CheckoutRow): boolean {
  const data = row.subscriptionData;
  return (data?.trial_end ?? null) !== null || (data?.trial_period_days ?? null) !== null;
}

/** When the trial would end if it began at `ctx.now`; null without one. Unix seconds. */
export function trialEndOf(ctx: Context, row: CheckoutRow): number | null {
  const data = row.subscriptionData;
  if ((data?.trial_end ?? null) !== null) return data!.trial_end!;
  const days = data?.trial_period_days ?? null;
  return days === null ? null : ctx.now + days * 86_400;
}

/** The coupon that takes something off this session, whether given or entered as a code. */
export function couponOfSession(
  ctx: Context,
  session: Stripe.Checkout.Session,
): Stripe.Coupon | null {
  const discount = session.discounts?.[0];
  if (discount === undefined) return null;
  const direct = idOrNull(discount.coupon);
  if (direct !== null) return ctx.store.find('coupon', direct) ?? null;
  const code = idOrNull(discount.promotion_code);
  const promotion = code === null ? undefined : ctx.store.find('promotion_code', code);
  const coupon = promotion === undefined ? null : idOrNull(promotion.promotion.coupon);
  return coupon === null ? null : (ctx.store.find('coupon', coupon) ?? null);
}

/** The session's totals, which change only with its discount while it is open. */
export function sessionTotals(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): Pick<Stripe.Checkout.Session, 'amount_subtotal' | 'amount_total' | 'total_details'> {
  if (session.mode === 'setup') {
    return { amount_subtotal: null, amount_total: null, total_details: null };
  }
  if (session.mode === 'subscription') return subscriptionTotals(ctx, session, row);
  const coupon = couponOfSession(ctx, session);
  const amounts = checkoutAmounts(ctx, row.lines, { hasTrial: false, coupon });
  return {
    amount_subtotal: amounts.subtotal,
    amount_total: amounts.total,
    total_details: { amount_discount: amounts.discount, amount_shipping: 0, amount_tax: 0 },
  };
}

/** From the first invoice that the engine would make: what is shown is what will be charged. */
function subscriptionTotals(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): Pick<Stripe.Checkout.Session, 'amount_subtotal' | 'amount_total' | 'total_details'> {
  const { subtotal, total } = quoteSubscription(ctx, orderOf(ctx, session, row, nobody));
  return {
    amount_subtotal: subtotal,
    amount_total: total,
    total_details: { amount_discount: subtotal - total, amount_shipping: 0, amount_tax: 0 },
  };
}

/** Whether the page asks for a card: always, unless the session says only when something is due. */
export function needsPaymentMethod(session: Stripe.Checkout.Session): boolean {
  if (session.mode === 'setup') return true;
  const isFree = session.amount_total === 0;
  if (session.mode === 'payment') return !isFree;
  return !(isFree && session.payment_method_collection === 'if_required');
}
