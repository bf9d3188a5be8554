import { Stripe } from 'stripe';
import {
  LOCAL_SECRET_KEY,
  STRIPE_API_VERSION,
  type ConfiguredPrices,
  type StripeConfig,
} from '../../../config/stripe.config.ts';
import type { Trace } from '../../operations/tracing/trace.ts';
import { deadlineHttpClient } from './http-client.ts';

/** One Stripe account as a running process uses it: where it is, and what was set up there. */
export interface StripeAccess {
  secretKey: string;
  /** A local Stripe's address; `undefined` is the real one. */
  apiBase: URL | undefined;
  livemode: boolean;
  /** Every one is tried: there are two while a secret is rolled over. */
  webhookSecrets: readonly string[];
  prices: ConfiguredPrices;
  portalConfiguration: string | undefined;
  /** The longest that any call may take, where its own patience is longer. */
  timeoutMs?: number;
}

/** How long a call may take: callers that hold a lock, or keep a reader waiting, are impatient. */
export interface CallTimeouts {
  timeout: number;
  maxNetworkRetries: number;
}

/** For what a person asked for: worth one more try. */
export const WRITE_TIMEOUTS: CallTimeouts = { timeout: 10_000, maxNetworkRetries: 1 };
/**
 * For a call of a change: not tried again by itself, because what became of it is looked up. Long
 * enough for a bank to answer, short enough that a look is in time as well.
 */
export const STEP_TIMEOUTS: CallTimeouts = { timeout: 8_000, maxNetworkRetries: 0 };
/** For the look after a call whose answer did not come, and before the first. */
export const LOOK_TIMEOUTS: CallTimeouts = { timeout: 3_000, maxNetworkRetries: 0 };
/** For the sync, which holds the customer's lock and is tried again by its caller. */
export const SYNC_TIMEOUTS: CallTimeouts = { timeout: 8_000, maxNetworkRetries: 1 };
/** For a sync on behalf of a reader, who gets our last copy instead. */
export const READ_TIMEOUTS: CallTimeouts = { timeout: 2_000, maxNetworkRetries: 0 };

/** The client of `access`, pinned to our API version. The only place that makes one. */
export function createStripeClient(
  access: Pick<StripeAccess, 'secretKey' | 'apiBase' | 'timeoutMs'> & { trace?: Trace },
  options: Partial<CallTimeouts> = {},
): Stripe {
  const { apiBase, timeoutMs } = access;
  return new Stripe(access.secretKey, {
    apiVersion: STRIPE_API_VERSION,
    ...WRITE_TIMEOUTS,
    telemetry: false,
    appInfo: { name: 'small-squaretable' },
    ...(apiBase
      ? { protocol: 'http' as const, host: apiBase.hostname, port: Number(apiBase.port) || 80 }
      : {}),
    httpClient: deadlineHttpClient(timeoutMs, access.trace),
    ...options,
  });
}

/** What `config` says about the account; `local` is where the local Stripe of this process listens. */
export function stripeAccessOf(config: StripeConfig, local: URL | undefined): StripeAccess {
  const timeout = config.timeoutMs === undefined ? {} : { timeoutMs: config.timeoutMs };
  if (config.kind === 'local') {
    return {
      ...timeout,
      secretKey: LOCAL_SECRET_KEY,
      apiBase: local ?? new URL(`http://127.0.0.1:${config.port}`),
      livemode: false,
      webhookSecrets: [],
      prices: { proMonthly: undefined, proYearly: undefined, teamMonthly: undefined },
      portalConfiguration: undefined,
    };
  }
  const { secretKey, webhookSecrets, prices, portalConfiguration } = config;
  return {
    ...timeout,
    secretKey,
    webhookSecrets,
    prices,
    portalConfiguration,
    apiBase: config.kind === 'local_apart' ? config.apiBase : undefined,
    livemode: config.kind === 'live' && config.livemode,
  };
}
