import { createHash } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const shortPrefixes = new Set(['cus', 'prod', 'si', 'req', 'acct']);
const longestPrefixes: Record<string, number> = { cs_test: 58, whsec: 32 };
/** Stripe's newer families start with 3, the others with 1. Nothing may read it. */
const threes = new Set(['pi', 'ch', 're', 'txn']);

/**
 * The `n`th id of a state with this seed: looks as Stripe's does, and is the same in every run of
 * the same story.
 */
export function formatId(prefix: string, seed: string, n: number): string {
  const length = longestPrefixes[prefix] ?? (shortPrefixes.has(prefix) ? 14 : 23);
  const digits = randomText(`${seed}:${prefix}:${n}`, length);
  if (shortPrefixes.has(prefix) || prefix in longestPrefixes) return `${prefix}_${digits}`;
  return `${prefix}_${threes.has(prefix) ? 3 : 1}${digits}`;
}

/** `length` letters and digits that follow from `source` alone. */
export function randomText(source: string, length: number): string {
  let text = '';
  for (let block = 0; text.length < length; block += 1) {
    const bytes = createHash('sha512').update(`${block}:${source}`).digest();
    for (const byte of bytes) text += alphabet[byte % 62];
  }
  return text.slice(0, length);
}
