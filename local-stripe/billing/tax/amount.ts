/** A percentage, and whether it is in the price already. */
export interface Rate {
  percentage: number;
  inclusive: boolean;
}

export interface TaxAmount {
  amount: number;
  /** What it is computed on: the amount without any tax in it. */
  taxable: number;
}

/** The whole in the unit of rates: percentages have up to four decimals. */
const whole = 1_000_000n;
const partOf = ({ percentage }: Rate): bigint => BigInt(Math.round(percentage * 10_000));

/**
 * What each rate takes of an amount in minor units (negative for credits), after discounts. Inclusive
 * rates share what is in the amount; exclusive ones are computed on what is left without those. Each
 * tax is rounded by itself, halves away from zero: so a credit gives back what its debit took.
 */
export function taxAmounts(amount: number, rates: readonly Rate[]): TaxAmount[] {
  if (rates.length === 0) return [];
  const within = rates.reduce((sum, rate) => (rate.inclusive ? sum + partOf(rate) : sum), 0n);
  const included = rates.map((rate) =>
    rate.inclusive ? divided(BigInt(amount) * partOf(rate), whole + within) : 0,
  );
  const taxable = amount - included.reduce((sum, one) => sum + one, 0);
  return rates.map((rate, i) => ({
    amount: rate.inclusive ? included[i]! : divided(BigInt(taxable) * partOf(rate), whole),
    taxable,
  }));
}

/** The inclusive tax in an amount. */
export function inclusiveTax(amount: number, rates: readonly Rate[]): number {
  const inclusive = rates.filter((rate) => rate.inclusive);
  return taxAmounts(amount, inclusive).reduce((sum, tax) => sum + tax.amount, 0);
}

/** Part `part` of `all` of an amount, halves away from zero. */
export function shareOf(amount: number, part: number, all: number): number {
  return all === 0 ? 0 : divided(BigInt(amount) * BigInt(part), BigInt(all));
}

/** Commercial rounding (docs.stripe.com/billing/taxes/tax-rates#rounding): halves away from zero. */
function divided(numerator: bigint, denominator: bigint): number {
  const isNegative = numerator < 0n !== denominator < 0n;
  const [n, d] = [abs(numerator), abs(denominator)];
  const result = Number((2n * n + d) / (2n * d));
  return isNegative && result !== 0 ? -result : result;
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
