import { isIP } from 'node:net';
import { ConfigError, type Env } from './env.ts';

/** Whose word on the client's address is taken: nobody's, the last so many hops', or theirs. */
export type TrustedProxies =
  { kind: 'none' } | { kind: 'hops'; count: number } | { kind: 'addresses'; addresses: string[] };

export interface SignInLimits {
  /** Failures in `windowSeconds`: of one address, of one account, of both together. */
  failuresMax: number;
  windowSeconds: number;
  registrationsPerHour: number;
  /** False for a try on one's own machine: whoever sits there is nobody to keep out. */
  countsLoopback: boolean;
}

/** Decides whom the doors know and how often they may be knocked at. Throws a `ConfigError`. */
export function decideSignInLimits(env: Env, production: boolean): SignInLimits {
  const set = [env.LOGIN_FAILURES_MAX, env.LOGIN_WINDOW_MINUTES, env.REGISTRATIONS_PER_HOUR];
  return {
    failuresMax: env.LOGIN_FAILURES_MAX ?? 20,
    windowSeconds: (env.LOGIN_WINDOW_MINUTES ?? 15) * 60,
    registrationsPerHour: env.REGISTRATIONS_PER_HOUR ?? 20,
    countsLoopback: production || set.some((value) => value !== undefined),
  };
}

const NAMES = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** `2`: two proxies stand before us. Else addresses, networks (10.0.0.0/8) or `loopback`. */
export function decideTrustedProxies(env: Env): TrustedProxies {
  const text = env.TRUSTED_PROXIES;
  if (!text) return { kind: 'none' };
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    if (count > 20) throw new ConfigError(`TRUSTED_PROXIES (${text}) is more than 20 proxies.`);
    return count === 0 ? { kind: 'none' } : { kind: 'hops', count };
  }
  const addresses = text.split(',').flatMap((part) => part.trim() || []);
  const wrong = addresses.find((address) => !isAddressOrNetwork(address));
  if (wrong !== undefined) {
    throw new ConfigError(
      `TRUSTED_PROXIES ("${wrong}") must be how many proxies stand before the app, or their addresses or networks with commas between.`,
    );
  }
  return addresses.length === 0 ? { kind: 'none' } : { kind: 'addresses', addresses };
}

function isAddressOrNetwork(text: string): boolean {
  if (NAMES.has(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}
