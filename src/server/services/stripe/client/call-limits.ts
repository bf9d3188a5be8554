import type { Pool } from 'pg';
import { BillingError } from '../../../../domain/errors.ts';
import { RateLimit } from '../../operations/rate-limits.ts';
import type { StripeAccess } from './client.ts';

/**
 * What people may ask for in a second, all tenants together. Stripe takes 25 calls a second with
 * test keys and 100 with live ones, and one such wish is some four calls: this leaves the larger
 * half to webhooks, worker and reconciler, which are not limited.
 */
const WISHES_PER_SECOND = { test: 3, live: 12 } as const;

/** The one that all tenants share. */
const ACCOUNT = 'account';

/** So many calls a second makes a check that nobody waits for, at most: a fifth of what Stripe takes. */
const CHECKS_PER_SECOND = { test: 5, live: 20 } as const;

/** How long such a check rests before each call, in ms. A local Stripe takes what comes. */
export function restBeforeCallMs({
  apiBase,
  livemode,
}: Pick<StripeAccess, 'apiBase' | 'livemode'>): number {
  return apiBase ? 0 : 1_000 / CHECKS_PER_SECOND[livemode ? 'live' : 'test'];
}

export interface CallLimits {
  perTenantAndMinute: number;
  /** A local Stripe takes what comes. */
  account: 'local' | 'test' | 'live';
}

/** Counts, over all processes, what people ask for that reaches Stripe. */
export class StripeCallLimiter {
  private readonly perTenant: RateLimit;
  private readonly leaving: RateLimit;
  private readonly inAll: RateLimit | undefined;

  constructor(deps: { pool: Pool; limits: CallLimits }) {
    const { pool, limits } = deps;
    this.perTenant = new RateLimit(pool, {
      ...{ name: 'stripe', points: limits.perTenantAndMinute, seconds: 60 },
    });
    this.leaving = new RateLimit(pool, {
      ...{ name: 'stripe-leave', points: limits.perTenantAndMinute, seconds: 60 },
    });
    const { account } = limits;
    this.inAll =
      account === 'local'
        ? undefined
        : new RateLimit(pool, {
            name: 'stripe-all',
            points: WISHES_PER_SECOND[account],
            seconds: 1,
          });
  }

  /** 429 `rate_limited` for a tenant that asks too often, 503 `busy` when all together do. */
  async count(tenantId: string): Promise<void> {
    await this.perTenant.count(tenantId, tooOften);
    await this.inAll?.count(ACCOUNT, (retryAfterSeconds) => {
      const text = 'Many people are paying at this moment; try again in a few seconds.';
      return new BillingError('busy', text, { retryAfterSeconds });
    });
  }

  /**
   * For who wants to leave: counted apart, so that neither what they asked for before nor what others
   * ask for keeps them; only leaving again and again does. 429 `rate_limited`. It reaches Stripe as all the rest
   * does, so others have as much less of the second.
   */
  async countLeaving(tenantId: string): Promise<void> {
    await this.leaving.count(tenantId, tooOften);
    await this.inAll?.note(ACCOUNT);
  }
}

function tooOften(retryAfterSeconds: number): BillingError {
  const text = 'You asked for this very often just now; wait a moment and try again.';
  return new BillingError('rate_limited', text, { retryAfterSeconds });
}
