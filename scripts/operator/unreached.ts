import { databaseCode, isDatabaseAway, nodeOf } from '../../src/db/database-error.ts';
import { BillingError } from '../../src/domain/errors.ts';
import { isStripeUnavailable } from '../../src/server/services/stripe/client/errors.ts';

/** What could not be reached, and what to do: a setting is wrong, or something does not run. */
export interface Unreached {
  isSetting: boolean;
  sentence: string;
}

const OTHER_SHAPE =
  'The database of DATABASE_URL has not the shape of this version: correct the name, or run npm run db:migrate first.';

/** PostgreSQL's codes of a connection that it refuses, and of a schema, table, column or function that is missing. */
const REFUSED: Record<string, string> = {
  '28P01': 'The database refuses the password in DATABASE_URL; correct it.',
  '28000': 'The database refuses the user in DATABASE_URL; correct it, or let it in.',
  '3D000': 'There is no database of the name in DATABASE_URL: create it, or correct the name.',
  '3F000': OTHER_SHAPE,
  '42P01': OTHER_SHAPE,
  '42703': OTHER_SHAPE,
  '42883': OTHER_SHAPE,
};

/** Why a program gets nowhere with the database or Stripe; `undefined` for every other error. */
export function readUnreached(thrown: unknown): Unreached | undefined {
  if (isStripeUnavailable(thrown)) {
    return { isSetting: false, sentence: 'Stripe cannot be reached; try again in a while.' };
  }
  const refused = REFUSED[databaseCode(thrown) ?? ''];
  if (refused) return { isSetting: true, sentence: refused };
  // A file that is missing has the code of a socket that is missing.
  const isFile = (thrown as { syscall?: string } | undefined)?.syscall === 'open';
  const away =
    thrown instanceof BillingError
      ? thrown.code === 'database_unavailable'
      : !isFile && isDatabaseAway(thrown);
  if (!away) return undefined;
  const node = nodeOf(thrown);
  if (node !== undefined) {
    const sentence = `The server ${node}, on which buckets of metering lie, cannot be reached or takes no writes now: start it, and see npm run doctor.`;
    return { isSetting: false, sentence };
  }
  return {
    isSetting: false,
    sentence: 'The database of DATABASE_URL cannot be reached: start it, or correct the address.',
  };
}
