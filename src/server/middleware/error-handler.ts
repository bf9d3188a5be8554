import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BillingError } from '../../domain/errors.ts';
import type { ApiError } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';

/** Writes the one shape of every error answer (design: `{error, code, requestId, details}`). */
export function answerError(c: Context<AppEnv>, error: BillingError): Response {
  const body: ApiError = {
    error: error.message,
    code: error.code,
    requestId: c.get('requestId'),
    details: error.data,
  };
  if (error.retryAfterSeconds !== undefined) {
    c.header('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
  }
  return c.json(body, error.status as ContentfulStatusCode);
}

/** PostgreSQL's codes and Node's for "the database cannot be reached or is going down". */
const DATABASE_AWAY = /^(08...|57P0[1-3]|53300|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT)$/;

/** Text with a NUL character, or a JSON escape of one: routes refuse it, this is the net below. */
const UNSTORABLE_TEXT = /^(22021|22P05)$/;

/** Maps what was thrown to what is answered: our errors as they are, an absent database to 503. */
export const errorHandler: ErrorHandler<AppEnv> = (thrown, c) => {
  const error = toBillingError(thrown);
  if (error.status >= 500) c.get('log').error({ err: thrown, code: error.code }, error.message);
  return answerError(c, error);
};

function toBillingError(thrown: unknown): BillingError {
  if (thrown instanceof BillingError) return thrown;
  if (thrown instanceof HTTPException && thrown.status < 500) {
    const code = thrown.status === 413 ? 'payload_too_large' : 'invalid_request';
    return new BillingError(code, thrown.message, { cause: thrown });
  }
  if (hasDatabaseCode(thrown, UNSTORABLE_TEXT)) {
    return new BillingError('invalid_request', 'The request has text that cannot be stored.', {
      cause: thrown,
    });
  }
  if (isDatabaseAway(thrown)) {
    return new BillingError(
      'database_unavailable',
      'The database cannot be reached right now; try again in a few seconds.',
      { retryAfterSeconds: 5, cause: thrown },
    );
  }
  return new BillingError(
    'internal',
    'Something went wrong on our side; the request id finds it.',
    {
      cause: thrown,
    },
  );
}

/** True for connection failures, wherever the driver or the ORM wrapped them. */
export function isDatabaseAway(thrown: unknown): boolean {
  if (hasDatabaseCode(thrown, DATABASE_AWAY)) return true;
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (/Connection terminated|timeout exceeded when trying to connect/.test(error.message))
      return true;
  }
  return false;
}

function hasDatabaseCode(thrown: unknown, pattern: RegExp): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && pattern.test(code)) return true;
  }
  return false;
}
