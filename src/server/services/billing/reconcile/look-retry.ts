import { errorText } from '../../../log/error-text.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import { retryDelayMs } from './sweep.ts';

const ALERT_AFTER_ATTEMPTS = 5;

/** What is stored after a failed look at Stripe: when the next is due, how many failed in a row, and why. */
export interface LookRetry {
  lookAt: Date;
  lookAttempts: number;
  lastError: string;
}

/**
 * When to retry a look at Stripe that failed: later each time. `needsPerson` from the fifth failure on, unless
 * Stripe is away, which nobody here can mend.
 */
export function nextLookRetry(
  error: unknown,
  { lookAttempts: before }: { lookAttempts: number },
  now: Date,
): { later: LookRetry; needsPerson: boolean } {
  const lookAttempts = before + 1;
  const lookAt = new Date(now.getTime() + retryDelayMs(lookAttempts));
  return {
    later: { lookAt, lookAttempts, lastError: errorText(error) },
    needsPerson: lookAttempts >= ALERT_AFTER_ATTEMPTS && !isStripeUnavailable(error),
  };
}
