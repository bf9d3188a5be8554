import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context as HonoContext } from 'hono';
import type { MeView, SessionView } from '../../domain/api.ts';
import { BillingError } from '../../domain/errors.ts';
import { ROLES } from '../../domain/ids.ts';
import { PLANS } from '../../domain/plans.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { bearerToken, requireUser, userOf } from '../middleware/auth.ts';
import type { SignedIn } from '../services/accounts/auth.service.ts';
import {
  codeField,
  emailField,
  mailedToken,
  ownPassword,
  newPassword,
  nameText,
  plainText,
  timeZoneName,
} from './fields.ts';
import { originReader } from './request-origin.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { sessionCookie } from './session-cookie.ts';

const registerBody = z
  .strictObject({
    email: emailField,
    password: newPassword,
    displayName: nameText(100).optional(),
    tenantName: nameText(100).optional(),
  })
  .openapi('Registration');
const loginBody = z
  .strictObject({
    email: plainText(1, 254),
    password: ownPassword,
    code: codeField
      .optional()
      .openapi({ description: 'Of the second factor, where there is one.' }),
  })
  .openapi('Credentials');

const readingBody = z
  .strictObject({ locale: z.enum(['zh-CN', 'en']), timeZone: timeZoneName })
  .partial()
  .openapi('Reading');

const switchBody = z.strictObject({ tenantId: z.uuid() }).openapi('SwitchTeam');

const meSchema = z
  .object({
    user: z.object({
      id: z.uuid(),
      email: z.string(),
      displayName: z.string(),
      role: z.enum(ROLES),
      tenantId: z.uuid(),
      emailVerified: z.boolean(),
    }),
    tenant: z.object({ id: z.uuid(), name: z.string(), plan: z.enum(PLANS) }),
  })
  .openapi('Me') satisfies z.ZodType<MeView>;
const sessionSchema = meSchema
  .extend({ accessToken: z.string() })
  .openapi('Session') satisfies z.ZodType<SessionView>;

const tags = ['Accounts'];

const registerRoute = createRoute({
  method: 'post',
  path: '/api/auth/register',
  tags,
  summary: 'Make a tenant and its owner',
  request: { body: jsonBody(registerBody) },
  responses: {
    201: json(sessionSchema, 'Signed in; the refresh token is in a cookie.'),
    ...errors('invalid_request', 'email_taken', 'rate_limited', 'busy'),
  },
});

const loginRoute = createRoute({
  method: 'post',
  path: '/api/auth/login',
  tags,
  summary: 'Sign in',
  request: { body: jsonBody(loginBody) },
  responses: {
    200: json(sessionSchema, 'Signed in; the refresh token is in a cookie.'),
    ...errors(
      'invalid_request',
      'invalid_credentials',
      'second_factor_required',
      'rate_limited',
      'busy',
    ),
  },
});

const refreshRoute = createRoute({
  method: 'post',
  path: '/api/auth/refresh',
  tags,
  summary: 'Swap the refresh token in the cookie for a new session',
  responses: {
    200: json(sessionSchema, 'A new access token; the cookie is replaced.'),
    ...errors('unauthenticated'),
  },
});

const logoutRoute = createRoute({
  method: 'post',
  path: '/api/auth/logout',
  tags,
  summary: 'End the session of the cookie',
  responses: { 204: { description: 'Signed out, or was not signed in.' } },
});

const openRoute = createRoute({
  method: 'post',
  path: '/api/auth/open',
  tags,
  summary: 'Let this address sign in to an account that is being guessed at, by a mailed token',
  request: { body: jsonBody(mailedToken) },
  responses: {
    204: { description: 'The password may be tried from here.' },
    ...errors('invalid_request', 'unauthenticated'),
  },
});

/** Accounts: register, login, refresh, logout, me. */
export function authRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { auth } = context.services;
  const fromOf = originReader(context);
  const cookie = sessionCookie(context.config.appUrl);
  const router = createRouter();

  function answer(c: HonoContext<AppEnv>, signedIn: SignedIn): SessionView {
    cookie.write(c, signedIn.refreshToken);
    return signedIn.session;
  }

  router.openapi(registerRoute, async (c) => {
    const locale = preferredLocale(c.req.header('accept-language'));
    const registration = { ...c.req.valid('json'), locale, from: fromOf(c) };
    return c.json(answer(c, await auth.register(registration)), 201);
  });

  router.openapi(loginRoute, async (c) => {
    const credentials = { ...c.req.valid('json'), from: fromOf(c) };
    return c.json(answer(c, await auth.login(credentials)), 200);
  });

  router.openapi(refreshRoute, async (c) => {
    const token = cookie.read(c);
    if (!token) throw new BillingError('unauthenticated', 'There is no session; sign in.');
    return c.json(answer(c, await auth.refresh(token, fromOf(c))), 200);
  });

  router.openapi(logoutRoute, async (c) => {
    const token = cookie.read(c);
    if (token) await auth.logout(token);
    cookie.clear(c);
    return c.body(null, 204);
  });

  router.openapi(openRoute, async (c) => {
    await auth.openFrom(c.req.valid('json').token, fromOf(c));
    return c.body(null, 204);
  });

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/auth/me',
      tags,
      summary: 'Who is signed in',
      security: userToken,
      middleware: [requireUser(context)] as const,
      responses: {
        200: json(meSchema, 'The user and the tenant, as they are now.'),
        ...errors(...signedOut),
      },
    }),
    async (c) => c.json(await auth.me(userOf(c)), 200),
  );

  router.openapi(
    createRoute({
      method: 'patch',
      path: '/api/auth/me',
      tags,
      summary: 'Choose the language of mails and of Stripe’s pages, and the zone of dates in mails',
      security: userToken,
      middleware: [requireUser(context)] as const,
      request: { body: jsonBody(readingBody) },
      responses: {
        200: json(meSchema, 'Noted.'),
        ...errors(...signedOut, 'invalid_request'),
      },
    }),
    async (c) => {
      await auth.setReading(userOf(c).userId, c.req.valid('json'));
      return c.json(await auth.me(userOf(c)), 200);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/switch',
      tags,
      summary: 'Go to another team that you belong to',
      description:
        'The session of the cookie goes there, and the next sign-in begins there. Without a session of one’s own in the cookie the new access token ends when the one that was sent does.',
      security: userToken,
      middleware: [requireUser(context)] as const,
      request: { body: jsonBody(switchBody) },
      responses: {
        200: json(sessionSchema, 'Signed in to it.'),
        ...errors(...signedOut, 'invalid_request', 'tenant_not_found'),
      },
    }),
    async (c) => {
      const { tenantId } = c.req.valid('json');
      const wish = { accessToken: bearerToken(c), tenantId, refreshToken: cookie.read(c) };
      return c.json(await auth.access.switchTo(wish), 200);
    },
  );

  return router;
}

/** The language of mails and hosted pages, from what the browser asks for first. */
export function preferredLocale(acceptLanguage: string | undefined): 'zh-CN' | 'en' {
  const first = acceptLanguage?.split(',')[0]?.trim().toLowerCase() ?? '';
  return first === '' || first.startsWith('*') || first.startsWith('zh') ? 'zh-CN' : 'en';
}
