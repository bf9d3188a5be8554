import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { BillingError } from '../../domain/errors.ts';
import type { UserId } from '../../domain/ids.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { isApiKey } from '../services/accounts/api-key.ts';
import type { OperatorIdentity } from '../services/operators/operator-identity.ts';
import { bearerToken } from './auth.ts';

/** Carries the token of an operator's session, for `/api/admin` alone and for no script. */
export const OPERATOR_COOKIE = 'squaretable_operator';

export type OperatorContext = Pick<Context, 'services'>;

/**
 * Lets operators in, who show both: an access token of their account, and the cookie of an operator's
 * session. 404 `not_found` for everybody else, API keys too, 403 `operator_sign_in_required` for an
 * operator without such a session. What is read is noted before it is answered.
 */
export function requireOperator(context: OperatorContext): MiddlewareHandler<AppEnv> {
  const { access, log } = context.services.operators;
  return createMiddleware<AppEnv>(async (c, next) => {
    const { userId, email } = await personOf(context, c);
    const { reason } = await access.authenticate(userId, getCookie(c, OPERATOR_COOKIE));
    const operator: OperatorIdentity = { userId, email, reason, requestId: c.get('requestId') };
    c.set('operator', operator);
    if (c.req.method === 'GET') await log.viewed(operator, addressOf(c));
    await next();
  });
}

/** Lets people in who are operators and have not signed in as such yet. 404 `not_found` for others. */
export function requireOperatorsAccount(context: OperatorContext): MiddlewareHandler<AppEnv> {
  return createMiddleware<AppEnv>(async (c, next) => {
    const person = await personOf(context, c);
    await context.services.operators.access.assertOperator(person.userId);
    c.set('operator', { ...person, reason: '', requestId: c.get('requestId') });
    await next();
  });
}

/** The operator, behind either. */
export const operatorOf = (c: HonoContext<AppEnv>): OperatorIdentity => c.get('operator');

async function personOf(
  { services }: OperatorContext,
  c: HonoContext<AppEnv>,
): Promise<{ userId: UserId; email: string }> {
  const token = bearerToken(c);
  if (isApiKey(token)) throw new BillingError('not_found', 'There is nothing here.');
  const claims = await services.auth.access.authenticateNow(token);
  const { email } = await services.auth.getPerson(claims);
  return { userId: claims.userId, email };
}

/** Path and query, as far as the log keeps them. */
function addressOf(c: HonoContext<AppEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  return `${pathname}${search}`.slice(0, 300);
}
