import type { Pool } from 'pg';
import { BillingError } from '../../../../domain/errors.ts';
import { RateLimit } from '../../operations/rate-limits.ts';

const PER_HOUR = 30;

/** How many invitations a team may have mailed: they go to people who did not ask for them. */
export class InvitationLimit {
  readonly #mails: RateLimit;

  constructor(pool: Pool) {
    this.#mails = new RateLimit(pool, {
      ...{ name: 'invitation', points: PER_HOUR, seconds: 3_600 },
    });
  }

  /** 429 `rate_limited`. */
  count(tenantId: string): Promise<void> {
    return this.#mails.count(
      tenantId,
      (retryAfterSeconds) =>
        new BillingError(
          'rate_limited',
          `Your team sent ${PER_HOUR} invitations within an hour; send more later.`,
          { retryAfterSeconds },
        ),
    );
  }
}
