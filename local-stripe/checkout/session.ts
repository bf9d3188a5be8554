import type Stripe from 'stripe';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';
import { quoteSubscription } from './payment.ts';
import type { TaxPolicy } from '../billing/tax/line-taxes.ts';
import { checkoutAmounts } from './amounts.ts';
import type { CheckoutAmounts, LineAmount } from './amounts.ts';
import { orderPolicy } from './customer.ts';
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

export type SessionTotals = Pick<
  Stripe.Checkout.Session,
  'amount_subtotal' | 'amount_total' | 'automatic_tax' | 'total_details'
>;

/** The session's totals, which change with its discount, its quantities and what is known of the payer. */
export function sessionTotals(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): SessionTotals {
  const { automatic_tax } = session;
  if (session.mode === 'setup') {
    return { amount_subtotal: null, amount_total: null, automatic_tax, total_details: null };
  }
  const policy = sessionPolicy(ctx, session, row);
  const status =
    policy.automatic === null
      ? null
      : policy.automatic.location === null
        ? 'requires_location_inputs'
        : 'complete';
  const amounts =
    session.mode === 'subscription'
      ? subscriptionAmounts(ctx, session, row)
      : sessionAmounts(ctx, session, row, policy);
  return {
    amount_subtotal: amounts.subtotal,
    amount_total: amounts.total,
    automatic_tax: { ...automatic_tax, status },
    total_details: {
      amount_discount: amounts.discount,
      amount_shipping: 0,
      amount_tax: amounts.tax,
    },
  };
}

/** What each line costs now, and the sums. */
export function sessionAmounts(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
  policy: TaxPolicy = sessionPolicy(ctx, session, row),
): CheckoutAmounts {
  const coupon = couponOfSession(ctx, session);
  return checkoutAmounts(ctx, row.lines, {
    currency: session.currency ?? 'usd',
    hasTrial: hasTrial(row),
    coupon,
    policy,
  });
}

/** What each line that recurs costs whenever it does, after any trial and discount, with its tax. */
export function recurringAmounts(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): LineAmount[] {
  const policy = sessionPolicy(ctx, session, row);
  const { lines } = checkoutAmounts(ctx, row.lines, {
    currency: session.currency ?? 'usd',
    hasTrial: false,
    coupon: null,
    policy,
  });
  return lines.filter(({ price }) => price.recurring !== null);
}

function sessionPolicy(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): TaxPolicy {
  return orderPolicy(ctx, orderOf(ctx, session, row, row.payer ?? nobody));
}

/** From the first invoice that the engine would make: what is shown is what will be charged. */
function subscriptionAmounts(
  ctx: Context,
  session: Stripe.Checkout.Session,
  row: CheckoutRow,
): Omit<CheckoutAmounts, 'lines'> {
  const order = orderOf(ctx, session, row, row.payer ?? nobody);
  const {
    subtotal,
    total,
    total_discount_amounts: discounts,
    total_taxes: taxes,
  } = quoteSubscription(ctx, order);
  return {
    subtotal,
    discount: (discounts ?? []).reduce((sum, { amount }) => sum + amount, 0),
    tax: (taxes ?? []).reduce((sum, { amount }) => sum + amount, 0),
    total,
  };
}

/** Whether nobody may pay without a tax id. */
export function requiresTaxId({ tax_id_collection: asked }: Stripe.Checkout.Session): boolean {
  return asked?.enabled === true && asked.required === 'if_supported';
}

/**
 * Whether the page asks where the payer is: where the session says so, and where tax cannot be
 * computed without.
 */
export function asksAddress(session: Stripe.Checkout.Session, row: CheckoutRow): boolean {
  if (session.billing_address_collection === 'required') return true;
  if (!session.automatic_tax.enabled) return false;
  return session.customer === null || row.customerUpdate?.address === 'auto';
}

/** Whether the page asks for a card: always, unless the session says only when something is due. */
export function needsPaymentMethod(session: Stripe.Checkout.Session): boolean {
  if (session.mode === 'setup') return true;
  const isFree = session.amount_total === 0;
  if (session.mode === 'payment') return !isFree;
  return !(isFree && session.payment_method_collection === 'if_required');
}
