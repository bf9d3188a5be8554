import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import type { Context } from '../../kernel/types.ts';
import { taxLocation, unknownLocation } from './location.ts';

/** What is sold, and the rates that were given for it alone. */
export interface Sold {
  price: Stripe.Price | null;
  rates: readonly Stripe.TaxRate[];
}

/** How something is taxed, as the parameters say. */
export interface TaxTerms {
  defaults: readonly Stripe.TaxRate[];
  isAutomatic: boolean;
}

/** Throws 400 where these things cannot be sold to the customer under these terms. */
export function assertTaxable(
  ctx: Context,
  customer: Stripe.Customer,
  terms: TaxTerms,
  sold: readonly Sold[],
  card: string | null = null,
): void {
  assertSellable(terms, sold);
  if (terms.isAutomatic && taxLocation(ctx, customer, card) === null) throw unknownLocation();
}

/** The same without looking at where the customer is. */
export function assertSellable(terms: TaxTerms, sold: readonly Sold[]): void {
  if (!terms.isAutomatic) {
    for (const { price, rates } of sold) {
      assertBehavior(price, rates.length > 0 ? rates : terms.defaults);
    }
    return;
  }
  if (terms.defaults.length > 0 || sold.some(({ rates }) => rates.length > 0)) {
    throw invalidRequest(
      'Tax rates by hand cannot be combined with automatic tax: leave out `default_tax_rates` and `tax_rates`, or set `automatic_tax[enabled]` to `false`.',
      'automatic_tax[enabled]',
    );
  }
  for (const { price } of sold) {
    if (price !== null && price.tax_behavior !== 'unspecified') continue;
    throw invalidRequest(
      `The price \`${price?.id ?? 'of an amount'}\` does not have a \`tax_behavior\` set which is required for automatic tax computation. Please visit https://stripe.com/docs/tax/products-prices-tax-categories-tax-behavior#tax-behavior for more information.`,
    );
  }
}

/** A price says whether tax is in it; its rates must say the same. */
function assertBehavior(price: Stripe.Price | null, rates: readonly Stripe.TaxRate[]): void {
  const behavior = price?.tax_behavior ?? 'unspecified';
  if (behavior === 'unspecified') return;
  if (rates.every(({ inclusive }) => inclusive === (behavior === 'inclusive'))) return;
  throw invalidRequest(
    'One or more prices has a `tax_behavior` that conflicts with the tax rates that apply to the corresponding line item.',
  );
}
