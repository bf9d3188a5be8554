import { isDatabaseAway, isDataRefused } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';

/** Runs a batch; the answers are in its order, an Error for a call that failed alone. */
export type Run<Call, Answer> = (calls: Call[]) => Promise<(Answer | Error)[]>;

/** The database's refusal of one call, as its caller is told. */
export function cannotStore(cause: Error): BillingError {
  return new BillingError('invalid_request', 'The database cannot store this call.', { cause });
}

/**
 * A call that the database refuses fails alone: halved until it stands by itself. For what may be
 * asked twice; admission and settlement do the same where they are one transaction.
 */
export function eachApart<Call, Answer>(run: Run<Call, Answer>): Run<Call, Answer> {
  return async function apart(calls): Promise<(Answer | Error)[]> {
    try {
      return await run(calls);
    } catch (error) {
      if (!isDataRefused(error)) throw error;
      if (calls.length === 1) return [cannotStore(error as Error)];
      const middle = Math.ceil(calls.length / 2);
      return [...(await apart(calls.slice(0, middle))), ...(await apart(calls.slice(middle)))];
    }
  };
}

/** A database that is away becomes 503; what was under way may or may not be recorded. */
export function orUnavailable<Call, Answer>(run: Run<Call, Answer>): Run<Call, Answer> {
  return async (calls) => {
    try {
      return await run(calls);
    } catch (cause) {
      if (!isDatabaseAway(cause)) throw cause;
      throw new BillingError(
        'database_unavailable',
        'Usage cannot be recorded right now: the database cannot be reached. Try again with the same idempotency key.',
        { retryAfterSeconds: 1, cause },
      );
    }
  };
}
