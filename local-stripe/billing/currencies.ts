const zeroDecimal = new Set(
  'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' '),
);
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '));

/** How many decimals an amount of `currency` has: 0, 2 or 3 (docs.stripe.com/currencies). */
export function currencyDecimals(currency: string): number {
  const code = currency.toLowerCase();
  if (zeroDecimal.has(code)) return 0;
  return threeDecimal.has(code) ? 3 : 2;
}

/** The smallest charge in minor units, where it is not 50: docs.stripe.com/currencies. */
const minima: Record<string, number> = {
  aed: 200,
  bgn: 100,
  // Not in the table, which names currencies of payout: about half a dollar.
  cny: 400,
  czk: 1500,
  dkk: 250,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  mxn: 1000,
  myr: 200,
  nok: 300,
  pln: 200,
  ron: 200,
  sek: 300,
  thb: 1000,
};

/** The smallest amount that can be charged in this currency, in minor units. */
export function minimumCharge(currency: string): number {
  return minima[currency] ?? 50;
}

/** `$0.50`, as Stripe writes amounts in English sentences. Up to twelve decimals where given so. */
export function moneyText(amountMinor: number, currency: string): string {
  const digits = currencyDecimals(currency);
  let format = formats.get(currency);
  format ??= new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits === 0 ? 0 : 12,
  });
  formats.set(currency, format);
  return format.format(amountMinor / 10 ** digits);
}

const formats = new Map<string, Intl.NumberFormat>();
