import type Stripe from 'stripe';
import type { Page } from './page.ts';
import type { Interval } from './words/en.ts';

/** `per month`; null for what is paid once. */
export function intervalText(page: Page, price: Stripe.Price): string | null {
  if (price.recurring === null) return null;
  return page.words.per(price.recurring.interval as Interval, price.recurring.interval_count);
}

/** `¥29.00 per month`. */
export function priceText(page: Page, amount: string, interval: string | null): string {
  if (interval === null || interval === '') return amount;
  return page.language === 'zh' ? `${interval} ${amount}` : `${amount} ${interval}`;
}

/** What one costs: `¥29.00`, or `from ¥5.00` where the price has tiers. */
export function unitText(page: Page, price: Stripe.Price): string {
  if (price.billing_scheme === 'tiered') {
    const tier = price.tiers?.[0];
    return page.words.tieredFrom(page.money(tier?.unit_amount ?? 0, price.currency));
  }
  return page.money(Math.round(Number(price.unit_amount_decimal ?? 0)), price.currency);
}

/** What a price costs in a list of plans. */
export function wholePriceText(page: Page, price: Stripe.Price): string {
  if (price.unit_amount === 0) return page.words.free;
  return priceText(page, unitText(page, price), intervalText(page, price));
}
