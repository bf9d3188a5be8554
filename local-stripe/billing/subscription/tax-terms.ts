import type Stripe from 'stripe';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import type { LineDraft } from '../invoice/line.ts';
import { assertSellable, assertTaxable } from '../tax/checks.ts';
import { ratesOf } from '../tax/rates.ts';
import { priceOf } from './charges.ts';

/** Throws 400 where the subscription, with what is sold along with it, cannot be taxed as it says. */
export function assertTaxTerms(
  ctx: Context,
  customer: Stripe.Customer,
  subscription: Stripe.Subscription,
  extras: readonly LineDraft[],
  { needsLocation = true }: { needsLocation?: boolean } = {},
): void {
  const terms = {
    defaults: subscription.default_tax_rates ?? [],
    isAutomatic: subscription.automatic_tax.enabled,
  };
  const sold = [
    ...subscription.items.data.map((item) => ({
      price: priceOf(ctx, item, subscription),
      rates: item.tax_rates ?? [],
    })),
    ...extras.map(({ price, taxRates }) => ({ price, rates: ratesOf(ctx, taxRates) })),
  ];
  if (!needsLocation) assertSellable(terms, sold);
  else assertTaxable(ctx, customer, terms, sold, idOrNull(subscription.default_payment_method));
}
