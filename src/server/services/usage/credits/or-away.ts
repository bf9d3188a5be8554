import { isDatabaseAway } from '../../../../db/database-error.ts';
import { BillingError } from '../../../../domain/errors.ts';

/** A database that is away may have taken the change: who asks again makes it once. */
export function orAway<T>(change: Promise<T>): Promise<T> {
  return change.catch((cause: unknown) => {
    if (!isDatabaseAway(cause)) throw cause;
    throw new BillingError(
      'database_unavailable',
      'The database that this tenant’s credits lie on cannot be reached right now. Try again, with the same ref where it has one: what was done is not done twice.',
      { retryAfterSeconds: 5, cause },
    );
  });
}
