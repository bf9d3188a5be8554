import { errorText } from '../../../error-text.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import { retryDelayMs } from './sweep.ts';

const ALERT_AFTER_ATTEMPTS = 5;

/** What is written of a look at Stripe that failed. */
export interface PutOff {
  lookAt: Date;
  lookAttempts: number;
  lastError: string;
}

/**
 * When a look that failed comes again, later each time. `needsPerson` after some tries, unless Stripe
 * is away, which is nobody's to mend here.
 */
export function putOff(
  error: unknown,
  { lookAttempts: before }: { lookAttempts: number },
  now: Date,
): { later: PutOff; needsPerson: boolean } {
  const lookAttempts = before + 1;
  const lookAt = new Date(now.getTime() + retryDelayMs(lookAttempts));
  return {
    later: { lookAt, lookAttempts, lastError: errorText(error) },
    needsPerson: lookAttempts >= ALERT_AFTER_ATTEMPTS && !isStripeUnavailable(error),
  };
}
