import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { BOUNDS } from '../../../../domain/accounts/retention.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { SignInLimits } from '../../../config/sign-in-limits.ts';
import { RateLimit } from '../../operations/rate-limits.ts';
import type { ClientInfo } from '../credentials.ts';

const HALF_HOUR_SECONDS = 1_800;
const HOUR_SECONDS = 3_600;

/**
 * How often one may ask for mails and try passwords within an account: counted in the database, for
 * all processes together.
 */
export class AccountLimits {
  private readonly countsLoopback: boolean;
  private readonly forgotFrom: RateLimit;
  private readonly forgotFor: RateLimit;
  private readonly passwords: RateLimit;
  private readonly changes: RateLimit;
  private readonly acts: RateLimit;

  constructor({ pool, limits }: { pool: Pool; limits: SignInLimits }) {
    this.countsLoopback = limits.countsLoopback;
    this.forgotFrom = new RateLimit(pool, {
      name: 'forgot-from',
      points: 10,
      seconds: HOUR_SECONDS,
    });
    // A link lasts as long, so that who is refused has one that works in the mailbox.
    this.forgotFor = new RateLimit(pool, {
      ...{ name: 'forgot-for', points: 3, seconds: HALF_HOUR_SECONDS },
    });
    this.passwords = new RateLimit(pool, {
      ...{ name: 'own-password', points: limits.failuresMax, seconds: limits.windowSeconds },
    });
    this.changes = new RateLimit(pool, {
      name: 'account-change',
      points: 10,
      seconds: HOUR_SECONDS,
    });
    this.acts = new RateLimit(pool, {
      ...{ name: 'act', points: BOUNDS.actsAnHour, seconds: HOUR_SECONDS },
    });
  }

  /** 429 `rate_limited`, alike for addresses that nobody has. */
  async countForgot(email: string, from: ClientInfo): Promise<void> {
    if (from.isLoopback && !this.countsLoopback) return;
    await this.forgotFrom.count(digest(from.address), (retryAfterSeconds) =>
      refusal('Too many passwords were forgotten from here; try again later.', retryAfterSeconds),
    );
    await this.forgotFor.count(digest(email), (retryAfterSeconds) =>
      refusal(
        'We have sent several mails for this address just now: use the newest one, or ask again later.',
        retryAfterSeconds,
      ),
    );
  }

  /** Counts a try of one's own password, before it is checked. 429 `rate_limited`. */
  countPassword(userId: string): Promise<void> {
    return this.passwords.count(userId, (retryAfterSeconds) =>
      refusal('Too many wrong passwords; wait a few minutes and try again.', retryAfterSeconds),
    );
  }

  /** Takes back what a right one was counted. */
  forgivePassword(userId: string): Promise<void> {
    return this.passwords.forgive(userId);
  }

  /** Counts what the audit log tells of for good. 429 `rate_limited`. */
  countAct(userId: string): Promise<void> {
    return this.acts.count(userId, (retryAfterSeconds) =>
      refusal(
        'You changed keys, people or limits very often just now; go on later.',
        retryAfterSeconds,
      ),
    );
  }

  /** Counts a change that writes mails. 429 `rate_limited`. */
  countChange(userId: string): Promise<void> {
    return this.changes.count(userId, (retryAfterSeconds) =>
      refusal('You changed your account very often just now; try again later.', retryAfterSeconds),
    );
  }
}

function refusal(text: string, retryAfterSeconds: number): BillingError {
  return new BillingError('rate_limited', text, { retryAfterSeconds });
}

/** Keys hold no addresses and no e-mails. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
