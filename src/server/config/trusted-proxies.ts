import { isIP } from 'node:net';

/** Whose word on the client's address is taken: nobody's, the last so many hops', or theirs. */
export type TrustedProxies =
  { kind: 'none' } | { kind: 'hops'; count: number } | { kind: 'addresses'; addresses: string[] };

const NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);
const HOPS_MAX = 20;

export const TRUSTED_PROXIES_WANTED =
  'be how many proxies stand before the app (at most 20), or their addresses or networks with commas between';

/** `2`: two proxies stand before us. Else addresses, networks (10.0.0.0/8) or `loopback`. */
export function readTrustedProxies(text: string): TrustedProxies | undefined {
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    if (count > HOPS_MAX) return undefined;
    return count === 0 ? { kind: 'none' } : { kind: 'hops', count };
  }
  const addresses = text.split(',').flatMap((part) => part.trim() || []);
  if (!addresses.every(isAddressOrNetwork)) return undefined;
  return addresses.length === 0 ? { kind: 'none' } : { kind: 'addresses', addresses };
}

function isAddressOrNetwork(text: string): boolean {
  if (NAMES.has(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === undefined) return true;
  // A network of 0 bits is everybody, and whoever trusts everybody can be told anything.
  return /^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128);
}
