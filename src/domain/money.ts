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

/**
 * The smallest charge in minor units, where it is not 50. Source: Stripe, "Supported currencies",
 * minimum and maximum charge amounts. CNY, no currency of payout, is not in that table: about half a
 * dollar.
 */
const MINIMUM_CHARGE: Record<string, number> = {
  ...{ aed: 200, bgn: 100, cny: 400, czk: 1500, dkk: 250, gbp: 30, hkd: 400, huf: 17_500 },
  ...{ mxn: 1000, myr: 200, nok: 300, pln: 200, ron: 200, sek: 300, thb: 1000 },
};

/** What Stripe charges of a sum: nothing below the currency's minimum, which waits for the next invoice. */
export function chargedOf({ amountMinor, currency }: Money): number {
  return amountMinor < (MINIMUM_CHARGE[currency.toLowerCase()] ?? 50) ? 0 : amountMinor;
}

/** For programs that count: `29.00` for 2900 of cny, with all decimals of the currency and no sign of it. */
export function decimalAmount({ amountMinor, currency }: Money): string {
  const digits = minorDigits(currency);
  return (amountMinor / 10 ** digits).toFixed(digits);
}

/** What somebody wrote as a decimal sum, in minor units: 2950 for `29.5` of cny; NaN for what is none of the currency. */
export function minorOfDecimal(written: string, currency: string): number {
  const digits = minorDigits(currency);
  const [, whole, part = ''] = /^(\d+)(?:\.(\d+))?$/.exec(written.trim()) ?? [];
  if (whole === undefined || part.length > digits) return Number.NaN;
  return Number(whole + part.padEnd(digits, '0'));
}

/** For people: `CN¥29` for 2900 of cny in English, `¥28.53` for 2853 in Chinese. */
export function formatMoney({ amountMinor, currency }: Money, locale: string): string {
  return formatMajor(amountMinor, currency, locale);
}

/** What one of something costs, with all of its decimals: `¥0.12`, `$0.018`; minor units as decimal text. */
export function formatUnitPrice(minor: string, currency: string, locale: string): string {
  return formatMajor(Number(minor), currency, locale, UNIT_PRICE_DECIMALS);
}

/** Behind those of the currency. */
const UNIT_PRICE_DECIMALS = 6;

/** Whole amounts stand without decimals, as prices are written. */
function formatMajor(minor: number, currency: string, locale: string, moreDigits = 0): string {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits + moreDigits,
    trailingZeroDisplay: 'stripIfInteger',
  }).format(minor / 10 ** digits);
}
