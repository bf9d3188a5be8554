import type Stripe from 'stripe';
import { idOf } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { presentPrice } from '../billing/catalog/price.ts';
import { addTaxes } from '../billing/tax/sums.ts';
import { sessionAmounts } from './session.ts';

/** The LineItems of a session, in the order they were given. */
export function sessionLineItems(
  ctx: Context,
  session: Stripe.Checkout.Session,
): Stripe.LineItem[] {
  const row = ctx.store.get('_checkout', session.id);
  const { lines } = sessionAmounts(ctx, session, row);
  return lines.map(({ line, price, subtotal, discount, taxes, total }) => ({
    id: line.id,
    object: 'item',
    adjustable_quantity: line.adjustable ? { enabled: true, ...line.adjustable } : null,
    amount_discount: discount,
    amount_subtotal: subtotal,
    amount_tax: taxes.reduce((sum, { amount }) => sum + amount, 0),
    amount_total: total,
    currency: price.currency,
    description: ctx.store.find('product', idOf(price.product))?.name ?? null,
    metadata: line.metadata,
    price: presentPrice(ctx.store.get('price', price.id)),
    quantity: line.quantity,
    // Stripe adds them only when asked to; there is nothing here by which one could ask.
    ...(taxes.length === 0 ? {} : { taxes: taxesOf(ctx, taxes) }),
  }));
}

/** All taxes of a session by rate: `total_details.breakdown`. */
export function breakdownOf(
  ctx: Context,
  session: Stripe.Checkout.Session,
): Stripe.Checkout.Session.TotalDetails.Breakdown {
  const row = ctx.store.get('_checkout', session.id);
  const { lines } = sessionAmounts(ctx, session, row);
  const taxes = addTaxes(lines.flatMap((line) => line.taxes));
  return { discounts: [], taxes: taxesOf(ctx, taxes) };
}

/** With the rate itself; why rates by hand apply nobody knows. */
function taxesOf(
  ctx: Context,
  taxes: readonly Stripe.InvoiceLineItem.Tax[],
): Stripe.LineItem.Tax[] {
  return taxes.map(({ amount, tax_rate_details, taxability_reason: reason, taxable_amount }) => ({
    amount,
    rate: ctx.store.get('tax_rate', tax_rate_details!.tax_rate),
    taxability_reason: reason === 'not_available' ? null : reason,
    taxable_amount,
  }));
}
