import { isDatabaseAway, isGivenWay, isUnstorable } from '../../../db/database-error.ts';
import { BillingError } from '../../../domain/errors.ts';

/** What a failure of the database means to whoever asked; `undefined` for every other error. */
export function databaseRefusal(thrown: unknown): BillingError | undefined {
  if (isUnstorable(thrown)) {
    return new BillingError(
      'invalid_request',
      'The request has text, or a time, that cannot be stored.',
      {
        cause: thrown,
      },
    );
  }
  if (isGivenWay(thrown)) {
    return new BillingError(
      'busy',
      'Something else was changing the same at this moment; try again in a few seconds.',
      { retryAfterSeconds: 1, cause: thrown },
    );
  }
  if (isDatabaseAway(thrown)) {
    return new BillingError(
      'database_unavailable',
      'The database cannot be reached right now; try again in a few seconds.',
      { retryAfterSeconds: 5, cause: thrown },
    );
  }
  return undefined;
}
