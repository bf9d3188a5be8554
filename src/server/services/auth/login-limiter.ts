import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { BillingError } from '../../../domain/errors.ts';

const FAILURES_PER_WINDOW = 20;
const WINDOW_SECONDS = 15 * 60;

/**
 * Bounds guessing: so many failed sign-ins per e-mail and address, then a pause. It counts in this
 * process, which n processes multiply by n: enough against guessing, and no write per sign-in.
 * A success clears the count, so that people who do know their password are never kept out.
 */
export class LoginLimiter {
  private readonly limiter = new RateLimiterMemory({
    points: FAILURES_PER_WINDOW,
    duration: WINDOW_SECONDS,
  });

  /** Counts an attempt before it is checked, or parallel guesses would all pass. Throws 429. */
  async count(email: string, address: string): Promise<void> {
    try {
      await this.limiter.consume(keyOf(email, address));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new BillingError(
        'rate_limited',
        'Too many failed sign-ins for this e-mail; wait a few minutes and try again.',
        { retryAfterSeconds: refused.msBeforeNext / 1000 },
      );
    }
  }

  async clear(email: string, address: string): Promise<void> {
    await this.limiter.delete(keyOf(email, address));
  }
}

function keyOf(email: string, address: string): string {
  return `${email}\n${address}`;
}
