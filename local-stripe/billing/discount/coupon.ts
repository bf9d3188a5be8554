import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';

/** What the coupon takes off in this currency, which may be one of its `currency_options`. */
export function amountOff(coupon: Stripe.Coupon, currency: string): number {
  if (coupon.currency === currency) return coupon.amount_off ?? 0;
  return coupon.currency_options?.[currency]?.amount_off ?? 0;
}

export function appliesTo(coupon: Stripe.Coupon, price: Stripe.Price): boolean {
  const products = coupon.applies_to?.products;
  return products === undefined || products.includes(idOf(price.product));
}
