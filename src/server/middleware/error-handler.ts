import type { HttpBindings } from '@hono/node-server';
import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BillingError } from '../../domain/errors.ts';
import type { ApiError } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import { ShuttingDown } from '../drain.ts';
import { errorText } from '../log/error-text.ts';
import { databaseRefusal } from '../services/operations/database-refusal.ts';
import { refusalOf } from '../services/stripe/client/errors.ts';

/**
 * Responds with an error, in the one form that all errors have (design: `{error, code, requestId, details}`). No cache
 * keeps it, whatever was said of the answer before it failed.
 */
export function respondWithError(c: Context<AppEnv>, error: BillingError): Response {
  const body: ApiError = {
    error: error.message,
    code: error.code,
    requestId: c.get('requestId'),
    details: error.data,
  };
  if (error.retryAfterSeconds !== undefined) {
    c.header('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterSeconds))));
  }
  return c.json(body, error.status as ContentfulStatusCode, { 'Cache-Control': 'no-store' });
}

/**
 * Maps what was thrown to what is answered: our errors as they are, an absent database to 503, a body that broke
 * off to 400.
 */
export const errorHandler: ErrorHandler<AppEnv> = (thrown, c) => {
  const error = isBodyCut(thrown, c) ? bodyCut(thrown) : toBillingError(thrown);
  // What is away is away for every request of the time: a line each, and no stack.
  if (error instanceof ShuttingDown) c.get('log')().info('refused: the process leaves');
  else if (error.code === 'internal') c.get('log')().error({ err: thrown }, error.message);
  else if (error.status >= 500) {
    c.get('log')().warn({ code: error.code, why: errorText(error.cause ?? error) }, error.message);
  }
  return respondWithError(c, error);
};

/**
 * Whether it was the client that broke off, in the middle of its body: Node reports that by the code that a lost
 * connection to the database has too.
 */
function isBodyCut(thrown: Error, c: Context<AppEnv>): boolean {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return incoming?.complete === false && 'code' in thrown && thrown.code === 'ECONNRESET';
}

const bodyCut = (cause: Error) =>
  new BillingError('invalid_request', 'The body broke off before its end.', { cause });

/** What the router refuses a body for, in our words. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: 'The body is not valid JSON.',
  415: 'Send the body as JSON, with `Content-Type: application/json`.',
};

/** What anything that was thrown is answered as. */
export function toBillingError(thrown: unknown): BillingError {
  if (thrown instanceof BillingError) return thrown;
  if (thrown instanceof HTTPException && thrown.status < 500) {
    const code = thrown.status === 413 ? 'payload_too_large' : 'invalid_request';
    return new BillingError(code, SENTENCES[thrown.status] ?? thrown.message, { cause: thrown });
  }
  const text = 'Something went wrong on our side; the request id finds it.';
  return (
    refusalOf(thrown) ??
    databaseRefusal(thrown) ??
    new BillingError('internal', text, { cause: thrown })
  );
}
