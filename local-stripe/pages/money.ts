import { currencyDecimals } from '../billing/currencies.ts';

export { currencyDecimals };

/** `2900, 'cny'` → `CN¥29.00` (en) or `¥29.00` (zh). A currency Intl does not know is written out. */
export function formatMoney(amountMinor: number, currency: string, localeTag: string): string {
  const decimals = currencyDecimals(currency);
  const amount = amountMinor / 10 ** decimals;
  try {
    return new Intl.NumberFormat(localeTag, {
      style: 'currency',
      currency: currency.toUpperCase(),
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    }).format(amount);
  } catch {
    return `${amount.toFixed(decimals)} ${currency.toUpperCase()}`;
  }
}
