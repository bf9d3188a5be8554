/** Prices of one unit: minor units as decimal text, which is compared and multiplied exactly. */

export const UNIT_PRICE_DECIMALS = 12;

/** A price in units of its last decimal. */
export function scaledPrice(minor: string): bigint {
  const [whole = '0', part = ''] = minor.split('.');
  const decimals = part.slice(0, UNIT_PRICE_DECIMALS).padEnd(UNIT_PRICE_DECIMALS, '0');
  return BigInt(whole + decimals);
}

/** Whether `minor` is more than `other`, to the last decimal. */
export function isDearer(minor: string, other: string): boolean {
  return scaledPrice(minor) > scaledPrice(other);
}
