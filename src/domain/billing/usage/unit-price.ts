/** Prices of one unit: minor units as decimal text, which is compared and multiplied exactly. */

const UNIT_PRICE_DECIMALS = 12;

/** A price in units of its last decimal. */
export function scaledPrice(minor: string): bigint {
  const [whole = '0', part = ''] = minor.split('.');
  const decimals = part.slice(0, UNIT_PRICE_DECIMALS).padEnd(UNIT_PRICE_DECIMALS, '0');
  return BigInt(whole + decimals);
}

/** One minor unit, in µcr times a price as `scaledPrice` has it. */
export const MINOR_ONE = 10n ** BigInt(UNIT_PRICE_DECIMALS + 6);

/** Whether `minor` is more than `other`, to the last decimal. */
export function isDearer(minor: string, other: string): boolean {
  return scaledPrice(minor) > scaledPrice(other);
}
