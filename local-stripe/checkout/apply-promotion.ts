import type Stripe from 'stripe';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { fullAmount } from './create.ts';
import { findPromotionCode, refusalOfPromotionCode } from './promotion.ts';
import type { PromotionRefusal } from './promotion.ts';
import { sessionTotals } from './session.ts';

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
    orderAmount: fullAmount(ctx, row.lines),
  });
  if (refusal !== null) return refusal;
  setDiscounts(ctx, session, [{ coupon: null, promotion_code: code.id }]);
  return null;
}

export function removePromotionCode(ctx: Context, session: Stripe.Checkout.Session): void {
  setDiscounts(ctx, session, []);
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
