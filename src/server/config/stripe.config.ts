import { ConfigError, type Env } from './env.ts';

/** The API version that every call and every webhook endpoint is pinned to: that of stripe 23.1.0. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** Price ids by plan and interval, as the operator set them. */
export interface ConfiguredPrices {
  proMonthly: string | undefined;
  proYearly: string | undefined;
  teamMonthly: string | undefined;
}

interface StripeAccount {
  secretKey: string;
  publishableKey: string | undefined;
  /** Several while a secret is rolled over: every one is tried. */
  webhookSecrets: readonly string[];
  prices: ConfiguredPrices;
  portalConfiguration: string | undefined;
}

/**
 * Where Stripe is: `local` inside this process, `local_apart` at a local Stripe of its own
 * (loopback, test keys), or `live`, the real one (with test or live keys).
 */
export type StripeConfig = (
  | { kind: 'local'; port: number }
  | ({ kind: 'local_apart'; apiBase: URL } & StripeAccount)
  | ({ kind: 'live'; livemode: boolean } & StripeAccount)
) & {
  /** The longest that any call may take; without it each has its own patience. */
  timeoutMs?: number;
};

/** A local Stripe takes any test key; this one where none is set. */
export const LOCAL_SECRET_KEY = 'sk_test_squaretable';

/** Throws a `ConfigError` for a live key at a local Stripe. */
export function decideStripe(env: Env): StripeConfig {
  const { STRIPE_TIMEOUT_SECONDS: seconds } = env;
  const account = decideAccount(env);
  return seconds === undefined ? account : { ...account, timeoutMs: Math.round(seconds * 1000) };
}

function decideAccount(env: Env): StripeConfig {
  if (!env.STRIPE_SECRET_KEY && !env.STRIPE_API_BASE) {
    return { kind: 'local', port: env.LOCAL_STRIPE_PORT };
  }
  const secretKey = env.STRIPE_SECRET_KEY ?? LOCAL_SECRET_KEY;
  const account: StripeAccount = {
    secretKey,
    publishableKey: env.STRIPE_PUBLISHABLE_KEY,
    webhookSecrets: env.STRIPE_WEBHOOK_SECRET,
    prices: {
      proMonthly: env.STRIPE_PRICE_PRO_MONTHLY,
      proYearly: env.STRIPE_PRICE_PRO_YEARLY,
      teamMonthly: env.STRIPE_PRICE_TEAM_MONTHLY,
    },
    portalConfiguration: env.STRIPE_PORTAL_CONFIGURATION,
  };
  const livemode = secretKey.includes('_live_');
  if (!env.STRIPE_API_BASE) return { kind: 'live', livemode, ...account };
  if (livemode) throw new ConfigError('STRIPE_API_BASE takes test keys only, never a live key.');
  return { kind: 'local_apart', apiBase: new URL(env.STRIPE_API_BASE), ...account };
}
