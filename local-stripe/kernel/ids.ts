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

/**
 * `length` letters and digits that follow from `source` alone. Not for secrets of value: nothing here
 * has any. Thousands are made for every simulated day, hence no cryptographic hash.
 */
export function randomText(source: string, length: number, letters = alphabet): string {
  let [a, b, c, d] = mix(source);
  let text = '';
  for (let i = 0; i < length; i += 1) {
    // sfc32, a small fast counting generator.
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    text += letters[(t >>> 0) % letters.length];
  }
  return text;
}

/** 128 bits of the text, each depending on every letter (cyrb128). */
function mix(text: string): [number, number, number, number] {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let i = 0; i < text.length; i += 1) {
    const letter = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ letter, 597399067);
    b = c ^ Math.imul(b ^ letter, 2869860233);
    c = d ^ Math.imul(c ^ letter, 951274213);
    d = a ^ Math.imul(d ^ letter, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  a ^= b ^ c ^ d;
  return [a, b ^ a, c ^ a, d ^ a];
}
