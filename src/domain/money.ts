/**
 * Currencies whose minor unit is the unit itself, or a thousandth.
 * Source: Stripe, "Supported currencies", zero-decimal and three-decimal currencies.
 */
const ZERO_DECIMAL = new Set(
  'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '),
);
const THREE_DECIMAL = new Set('bhd jod kwd omr tnd'.split(' '));

/** An amount in the minor unit of `currency` (lower-case ISO 4217, as Stripe writes it). */
export interface Money {
  amountMinor: number;
  currency: string;
}

/** How many decimal places the currency has: 2 but for Stripe's zero- and three-decimal ones. */
export function minorDigits(currency: string): number {
  const code = currency.toLowerCase();
  if (ZERO_DECIMAL.has(code)) return 0;
  return THREE_DECIMAL.has(code) ? 3 : 2;
}

/** For people: `formatMoney({amountMinor: 2900, currency: 'cny'}, 'en')` is `CN¥29.00`. */
export function formatMoney(money: Money, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency.toUpperCase(),
    minimumFractionDigits: minorDigits(money.currency),
  }).format(money.amountMinor / 10 ** minorDigits(money.currency));
}
