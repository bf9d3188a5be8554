import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';
import { BillingError, isBusy } from '../../../../domain/errors.ts';
import { RateLimit } from '../../operations/rate-limits.ts';
import type { StripeAccess } from './client.ts';

/**
 * What people may ask for in a second, all tenants together. Stripe takes 25 calls a second with
 * test keys and 100 with live ones, and a look is some five calls: this leaves the larger half to webhooks,
 * worker and reconciler, which are not limited.
 */
const WISHES_PER_SECOND = { test: 3, live: 12 } as const;

/** A change is looked at before and after, and so it is again for the events that tell of it: up to 18 calls. */
const WEIGHTS = { look: 1, change: 3 } as const;

/** So long a wish waits for its turn: then it is told that there are too many, or goes all the same. */
const PATIENCE_MS = { refused: 3_000, admitted: 6_000 } as const;

/** Those who wait for one moment do not come back together. */
const SPREAD_MS = 100;

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

  /**
   * 429 `rate_limited` for a tenant that asks too often, 503 `busy` when all together do, which counts
   * for nobody.
   */
  async count(tenantId: string, wish: keyof typeof WEIGHTS = 'look'): Promise<void> {
    await this.perTenant.count(tenantId, tooOften);
    try {
      await this.awaitTurn(wish, PATIENCE_MS.refused);
    } catch (error) {
      if (isBusy(error)) await this.perTenant.forgive(tenantId);
      throw error;
    }
  }

  /**
   * For who wants to leave: counted apart, so that neither what they asked for before nor what others
   * ask for keeps them, beyond a wait for their turn; only leaving again and again does: 429
   * `rate_limited`. It reaches Stripe as all the rest does, so others have as much less of the second.
   */
  async countLeaving(tenantId: string): Promise<void> {
    await this.leaving.count(tenantId, tooOften);
    try {
      await this.awaitTurn('change', PATIENCE_MS.admitted);
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
  }

  private async awaitTurn(wish: keyof typeof WEIGHTS, patienceMs: number): Promise<void> {
    if (!this.inAll) return;
    const until = performance.now() + patienceMs;
    for (;;) {
      try {
        await this.inAll.count(ACCOUNT, tooMany, WEIGHTS[wish]);
        return;
      } catch (error) {
        if (!isBusy(error)) throw error;
        const waitMs = (error.retryAfterSeconds ?? 1) * 1_000 + Math.random() * SPREAD_MS;
        if (performance.now() + waitMs > until) throw error;
        await pause(waitMs);
      }
    }
  }
}

function tooMany(retryAfterSeconds: number): BillingError {
  const text = 'Many people are paying at this moment; try again in a few seconds.';
  return new BillingError('busy', text, { retryAfterSeconds });
}

function tooOften(retryAfterSeconds: number): BillingError {
  const text = 'You asked for this very often just now; wait a moment and try again.';
  return new BillingError('rate_limited', text, { retryAfterSeconds });
}
