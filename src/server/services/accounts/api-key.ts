import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'sqk_';

/** `sqk_` is how people, log scrubbers and secret scanners recognize a key of ours. */
export function isApiKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** A new key of 256 random bits, its hash to store and its first characters to show. */
export function makeApiKey(): { key: string; keyHash: string; prefix: string } {
  const key = PREFIX + randomBytes(32).toString('base64url');
  return { key, keyHash: hashApiKey(key), prefix: key.slice(0, PREFIX.length + 6) };
}

/** SHA-256, hex: enough for a random key, and quick enough for every request. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
