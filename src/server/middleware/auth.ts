import type { Context as HonoContext, Next } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { ApiKeyAct } from '../../domain/api-keys.ts';
import { BillingError } from '../../domain/errors.ts';
import { canManageBilling } from '../../domain/ids.ts';
import type { AppEnv } from '../app-env.ts';
import type { Principal } from '../principal.ts';
import type { Context } from '../context.ts';
import { isApiKey } from '../services/accounts/api-key.ts';
import { onBehalfOf, type TenantAccess } from '../services/accounts/tenant-access.ts';

export type UserPrincipal = Extract<Principal, { kind: 'user' }>;

/**
 * Lets in who shows an access token, or an API key that may do `act`, and puts the `principal` into
 * the context.
 * A request signed with a key counts 1 `api_calls` before anything else is done: 429
 * `quota_exceeded` when none is left, 403 `upgrade_required` on a plan without them.
 */
export function requireAuth(context: Pick<Context, 'services'>, act: ApiKeyAct) {
  const { auth, apiKeys } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c);
    c.set(
      'principal',
      isApiKey(token)
        ? await apiKeys.admit(token, act)
        : { kind: 'user', ...(await auth.access.authenticate(token)) },
    );
    await goOn(c, next);
  });
}

/** Lets in people only: 403 `forbidden` for API keys, which are neither counted nor looked up. */
export function requireUser(context: {
  services: { auth: { access: Pick<TenantAccess, 'authenticate'> } };
}) {
  const { auth } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c);
    if (isApiKey(token)) {
      throw new BillingError('forbidden', 'API keys cannot do this; sign in as a person.');
    }
    c.set('principal', { kind: 'user', ...(await auth.access.authenticate(token)) });
    await goOn(c, next);
  });
}

/**
 * Lets in owners and admins: 403 `billing_role_required`. Where money moves the role is read from
 * the database, so that somebody demoted or removed loses it at once; elsewhere what was read is good
 * for half a minute.
 */
export function requireBillingRole(context: Pick<Context, 'services'>) {
  const { auth } = context.services;
  return createMiddleware<AppEnv>(async (c, next) => {
    const token = bearerToken(c);
    if (isApiKey(token)) {
      throw new BillingError('billing_role_required', 'API keys cannot manage billing.');
    }
    const person = await auth.access.authenticateNow(token);
    if (!canManageBilling(person.role)) {
      throw new BillingError(
        'billing_role_required',
        'Only owners and admins of the team manage billing; ask one of them.',
        { data: { role: person.role } },
      );
    }
    c.set('principal', { kind: 'user', ...person });
    await goOn(c, next);
  });
}

/**
 * Lets in who has a seat, for behind the others: 403 `seat_required`. A team with more people than its
 * plan has seats for goes on reading.
 */
export const requireSeat = createMiddleware<AppEnv>(async (c, next) => {
  if (c.get('principal').hasSeat) return next();
  throw new BillingError(
    'seat_required',
    'Your team has more people than its plan has seats, and you have none: you can read. Ask an owner for a seat.',
  );
});

/** On behalf of the team whose principal it is. */
const goOn = (c: HonoContext<AppEnv>, next: Next) => onBehalfOf(c.get('principal').tenantId, next);

/** The signed-in person, behind `requireUser` or `requireBillingRole`. */
export function userOf(c: HonoContext<AppEnv>): UserPrincipal {
  const principal = c.get('principal');
  if (principal.kind === 'user') return principal;
  throw new BillingError('forbidden', 'API keys cannot do this; sign in as a person.');
}

/** Throws 401 `unauthenticated` where there is none. */
export function bearerToken(c: HonoContext<AppEnv>): string {
  const match = /^Bearer +(\S+)$/i.exec(c.req.header('authorization')?.trim() ?? '');
  if (match?.[1]) return match[1];
  c.header('WWW-Authenticate', 'Bearer');
  throw new BillingError('unauthenticated', 'Sign in: send `Authorization: Bearer <token>`.');
}

/**
 * Limits how often one person changes what the audit log tells of, which is kept for good: 429 `rate_limited`. What
 * only reads is not counted.
 */
export function limitActs(context: Pick<Context, 'services'>) {
  const { limits } = context.services.auth;
  return createMiddleware<AppEnv>(async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') await limits.countAct(userOf(c).userId);
    await next();
  });
}
