import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { BillingError } from '../../../domain/errors.ts';
import type { SignInLimits } from '../../config/sign-in-limits.ts';
import { RateLimit } from '../operations/rate-limits.ts';

/** An attempt to sign in: from where, to which account, and whether that worked from there before. */
export interface Attempt {
  email: string;
  address: string;
  isLoopback: boolean;
  isKnown: boolean;
}

const HOUR_SECONDS = 3_600;

/**
 * Counts failures of signing in, and registrations, in the database: for all processes together.
 * An address that fails too often is kept out, and so is everybody at an account that is being
 * guessed at, but for those who have signed in to it from where they are: they are counted apart,
 * so that nobody can lock them out.
 */
export class SignInLimiter {
  private readonly limits: SignInLimits;
  private readonly failures: RateLimit;
  private readonly registrations: RateLimit;

  constructor(deps: { pool: Pool; limits: SignInLimits }) {
    const { pool, limits } = deps;
    this.limits = limits;
    this.failures = new RateLimit(pool, {
      ...{ name: 'sign-in', points: limits.failuresMax, seconds: limits.windowSeconds },
    });
    this.registrations = new RateLimit(pool, {
      ...{ name: 'register', points: limits.registrationsPerHour, seconds: HOUR_SECONDS },
    });
  }

  /**
   * Counts an attempt before it is checked, or parallel guesses would all pass. 429
   * `rate_limited`; `account` tells that others have failed at this account.
   */
  async count(attempt: Attempt): Promise<void> {
    for (const { key, whose } of this.countersOf(attempt)) {
      await this.failures.count(key, (retryAfterSeconds) => refusal(whose, retryAfterSeconds));
    }
  }

  /** Takes back what a good sign-in was counted. */
  async forgive(attempt: Attempt): Promise<void> {
    for (const { key } of this.countersOf(attempt)) await this.failures.forgive(key);
  }

  /** 429 `rate_limited` when so many have registered from the address within the hour. */
  async countRegistration(from: Pick<Attempt, 'address' | 'isLoopback'>): Promise<void> {
    if (this.isExempt(from)) return;
    await this.registrations.count(
      digest(from.address),
      (retryAfterSeconds) =>
        new BillingError(
          'rate_limited',
          'Too many accounts were made from this address; try again in an hour.',
          { retryAfterSeconds },
        ),
    );
  }

  private countersOf(attempt: Attempt): { key: string; whose: 'pair' | 'address' | 'account' }[] {
    if (this.isExempt(attempt)) return [];
    const { email, address } = attempt;
    if (attempt.isKnown) return [{ key: digest(`pair ${email} ${address}`), whose: 'pair' }];
    return [
      { key: digest(`address ${address}`), whose: 'address' },
      { key: digest(`account ${email}`), whose: 'account' },
    ];
  }

  private isExempt({ isLoopback }: Pick<Attempt, 'isLoopback'>): boolean {
    return isLoopback && !this.limits.countsLoopback;
  }
}

function refusal(whose: 'pair' | 'address' | 'account', retryAfterSeconds: number): BillingError {
  const text =
    whose === 'account'
      ? 'Too many failed sign-ins for this account. If it is yours, use the link that we mailed you, or sign in from where you did before.'
      : 'Too many failed sign-ins; wait a few minutes and try again.';
  return new BillingError('rate_limited', text, { data: { whose }, retryAfterSeconds });
}

/** Keys hold no addresses and no e-mails. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
