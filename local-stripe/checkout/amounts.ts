import type Stripe from 'stripe';
import { priceAmount } from '../billing/catalog/cost.ts';
import { amountOff, appliesTo } from '../billing/discount/coupon.ts';
import type { Context } from '../kernel/types.ts';
import type { CheckoutLine } from './row.ts';

/** What one line costs today, in the currency's smallest unit. */
export interface LineAmount {
  line: CheckoutLine;
  price: Stripe.Price;
  subtotal: number;
  discount: number;
}

export interface CheckoutAmounts {
  lines: LineAmount[];
  subtotal: number;
  discount: number;
  total: number;
}

/**
 * What is due at once: with a trial nothing of what recurs, of metered prices nothing, and the
 * session's discount off whatever its coupon applies to.
 */
export function checkoutAmounts(
  ctx: Context,
  lines: CheckoutLine[],
  options: { hasTrial: boolean; coupon: Stripe.Coupon | null },
): CheckoutAmounts {
  const amounts = lines.map((line) => {
    const price = ctx.store.get('price', line.price);
    const isLater = price.recurring !== null && options.hasTrial;
    const subtotal = isLater ? 0 : priceAmount(price, line.quantity);
    return { line, price, subtotal, discount: 0 };
  });
  if (options.coupon !== null) spreadDiscount(amounts, options.coupon);
  const subtotal = sum(amounts.map((amount) => amount.subtotal));
  const discount = sum(amounts.map((amount) => amount.discount));
  return { lines: amounts, subtotal, discount, total: subtotal - discount };
}

/** The last applicable line takes what rounding leaves, so that the parts make the whole. */
function spreadDiscount(amounts: LineAmount[], coupon: Stripe.Coupon): void {
  const applicable = amounts.filter(({ price }) => appliesTo(coupon, price));
  const base = sum(applicable.map((amount) => amount.subtotal));
  const currency = applicable[0]?.price.currency ?? '';
  const whole =
    coupon.percent_off === null
      ? Math.min(amountOff(coupon, currency), base)
      : Math.round((base * coupon.percent_off) / 100);
  let left = whole;
  for (const [index, amount] of applicable.entries()) {
    const isLast = index === applicable.length - 1;
    const share = isLast || base === 0 ? left : Math.round((whole * amount.subtotal) / base);
    amount.discount = share;
    left -= share;
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
