import type { Money } from './money.ts';

interface Priced extends Money {
  /** Further currencies in which the price can be had (Stripe's `currency_options`). */
  currencyOptions: readonly Money[];
}

/** What a price costs in `currency`; its own for `null`. `undefined` when it has no amount in that. */
export function priceIn(price: Priced, currency: string | null): Money | undefined {
  if (currency === null || currency === price.currency) {
    return { amountMinor: price.amountMinor, currency: price.currency };
  }
  return price.currencyOptions.find((option) => option.currency === currency);
}
