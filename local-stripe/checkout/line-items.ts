import type Stripe from 'stripe';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { presentPrice } from '../billing/catalog/price.ts';
import { checkoutAmounts } from './amounts.ts';
import { couponOfSession, hasTrial } from './session.ts';

/** The LineItems of a session, in the order they were given. */
export function sessionLineItems(
  ctx: Context,
  session: Stripe.Checkout.Session,
): Stripe.LineItem[] {
  const row = ctx.store.get('_checkout', session.id);
  const amounts = checkoutAmounts(ctx, row.lines, {
    hasTrial: hasTrial(row),
    coupon: couponOfSession(ctx, session),
  });
  return amounts.lines.map(({ line, price, subtotal, discount }) => ({
    id: line.id,
    object: 'item',
    adjustable_quantity: line.adjustable ? { enabled: true, ...line.adjustable } : null,
    amount_discount: discount,
    amount_subtotal: subtotal,
    amount_tax: 0,
    amount_total: subtotal - discount,
    currency: price.currency,
    description: ctx.store.find('product', idOf(price.product))?.name ?? null,
    metadata: line.metadata,
    price: presentPrice(price),
    quantity: line.quantity,
  }));
}
