/** Currencies whose smallest unit is the unit itself, per docs.stripe.com/currencies. */
const zeroDecimal = new Set(
  'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '),
);
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '));

/** How many decimals an amount of `currency` has: 0, 2 or 3. */
export function currencyDecimals(currency: string): number {
  const code = currency.toLowerCase();
  if (zeroDecimal.has(code)) return 0;
  return threeDecimal.has(code) ? 3 : 2;
}

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
