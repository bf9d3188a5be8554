import type Stripe from 'stripe';
import type { Page } from './page.ts';

const brands: Record<string, string> = {
  amex: 'American Express',
  diners: 'Diners Club',
  discover: 'Discover',
  jcb: 'JCB',
  mastercard: 'Mastercard',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

/** `Visa ending in 4242`. */
export function cardName(page: Page, method: Stripe.PaymentMethod): string {
  const { card } = method;
  if (card === undefined) return method.type;
  return page.words.card.brandEnding(brands[card.brand] ?? card.brand, card.last4);
}

/** `expires 12/2029`. */
export function cardExpiry(page: Page, method: Stripe.PaymentMethod, nowSeconds: number): string {
  const { card } = method;
  if (card === undefined) return '';
  const isOver = Date.UTC(card.exp_year, card.exp_month, 1) / 1000 <= nowSeconds;
  const words = page.words.card;
  return (isOver ? words.expired : words.expires)(card.exp_month, card.exp_year);
}
