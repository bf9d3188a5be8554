import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { emailField, mailedToken, newPassword, ownPassword } from './fields.ts';
import { originReader } from './request-origin.ts';
import { errors, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { sessionCookie } from './session-cookie.ts';

const forgotBody = z.strictObject({ email: emailField }).openapi('ForgottenPassword');
const resetBody = mailedToken.extend({ password: newPassword }).openapi('PasswordReset');
const changeBody = z
  .strictObject({ currentPassword: ownPassword, newPassword })
  .openapi('PasswordChange');

const tags = ['Accounts'];

/** Passwords: forgotten, chosen anew by a mailed link, changed. */
export function passwordRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { passwords } = context.services.auth.own;
  const fromOf = originReader(context);
  const cookie = sessionCookie(context.config.appUrl);
  const router = createRouter();

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/password/forgot',
      tags,
      summary: 'Have a link mailed for choosing a new password',
      description: 'The same answer, after the same time, whether anybody has the address or not.',
      request: { body: jsonBody(forgotBody) },
      responses: {
        202: { description: 'If it is an account’s, a mail is on its way.' },
        ...errors('invalid_request', 'rate_limited', 'database_unavailable'),
      },
    }),
    async (c) => {
      await passwords.forgot(c.req.valid('json').email, fromOf(c));
      return c.body(null, 202);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/password/reset',
      tags,
      summary: 'Choose a new password, by the token of the mailed link',
      description: 'The link works once, within 30 minutes. Every session ends.',
      request: { body: jsonBody(resetBody) },
      responses: {
        204: { description: 'It is the password now; sign in with it.' },
        ...errors('invalid_request', 'link_over', 'unauthenticated', 'rate_limited', 'busy'),
      },
    }),
    async (c) => {
      await passwords.reset({ ...c.req.valid('json'), from: fromOf(c) });
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/password/change',
      tags,
      summary: 'Change the password; other sessions end',
      security: userToken,
      middleware: [requireUser(context)] as const,
      request: { body: jsonBody(changeBody) },
      responses: {
        204: { description: 'Changed; the session of the cookie goes on.' },
        ...errors(
          ...signedOut,
          'wrong_password',
          'invalid_request',
          'state_changed',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      await passwords.change({
        ...c.req.valid('json'),
        ...{ userId: userOf(c).userId, refreshToken: cookie.read(c), from: fromOf(c) },
      });
      return c.body(null, 204);
    },
  );

  return router;
}
