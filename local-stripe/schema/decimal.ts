import type Stripe from 'stripe';

/**
 * Decimals travel as strings; only the SDK makes objects of them on arrival. The types know the
 * objects alone, hence the cast.
 */
export function asDecimal(digits: string | number): Stripe.Decimal {
  return String(digits) as unknown as Stripe.Decimal;
}

/** The digits of a decimal as it lies in our store. */
export function decimalText(value: Stripe.Decimal): string {
  return String(value);
}
