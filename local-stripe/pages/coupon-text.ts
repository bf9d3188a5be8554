import type Stripe from 'stripe';
import { amountOff } from '../billing/discount/coupon.ts';
import type { Page } from './page.ts';

/** `Summer – 20% off, for 3 months`. */
export function couponText(page: Page, coupon: Stripe.Coupon, currency: string): string {
  const { checkout } = page.words;
  const off =
    coupon.percent_off === null
      ? checkout.amountOff(page.money(amountOff(coupon, currency), currency))
      : checkout.percentOff(String(coupon.percent_off));
  const named = coupon.name === null ? off : `${coupon.name} – ${off}`;
  if (coupon.duration === 'once') return checkout.discountOnce(named);
  if (coupon.duration === 'repeating') {
    return checkout.discountMonths(named, coupon.duration_in_months ?? 1);
  }
  return checkout.discountForever(named);
}
