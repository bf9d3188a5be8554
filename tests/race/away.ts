import { isDatabaseAway } from '../../src/db/database-error.ts';
import { BillingError } from '../../src/domain/errors.ts';

/**
 * Whether an answer is worth asking for again with the same key: what is busy or away says so by 503, and
 * what reads beside a call, as a refusal's plan, in the database's words.
 */
export function isAway(error: unknown): boolean {
  return error instanceof BillingError ? error.status === 503 : isDatabaseAway(error);
}
