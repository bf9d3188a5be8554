import { isDatabaseAway } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';

/**
 * The result of `change`, or 503 `database_unavailable` when its database cannot be reached. The change may have
 * been made all the same; repeated with the same ref it is made once.
 */
export function orDatabaseUnavailable<T>(change: Promise<T>): Promise<T> {
  return change.catch((cause: unknown) => {
    if (!isDatabaseAway(cause)) throw cause;
    throw new BillingError(
      'database_unavailable',
      'The database that this tenant’s credits lie on cannot be reached right now. Try again, with the same ref where it has one: what was done is not done twice.',
      { retryAfterSeconds: 5, cause },
    );
  });
}
