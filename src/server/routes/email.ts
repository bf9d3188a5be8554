import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { emailField, mailedToken, ownPassword } from './fields.ts';
import { originReader } from './request-origin.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const changeBody = z
  .strictObject({ email: emailField, password: ownPassword })
  .openapi('EmailChange');

/** The token of a link that works once; that of the mail after registering is a signed one with dots. */
const ONE_TIME = /^[\w-]{43}$/;

const tags = ['Accounts'];

/** The e-mail address of an account: shown to be one's own, changed, taken back. */
export function emailRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { auth, subscriptions } = context.services;
  const { emailVerifier } = auth;
  const { emailChanges } = auth.own;
  const fromOf = originReader(context);
  const router = createRouter();

  /** Stripe gets the address at once where it can, and by a task where not: nobody waits for it. */
  function startContactSync(): void {
    const synced = subscriptions.syncContacts().catch((err: unknown) => {
      context.log.warn({ err }, 'the new address of a customer is told later');
    });
    void context.drain.during(synced);
  }

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/email/verify',
      tags,
      summary: 'Show that an e-mail address is yours, by the token of the mailed link',
      description:
        'Both links are taken: of the mail after registering, which may be followed again, and of the mail to a new address, which then becomes the account’s and works once.',
      request: { body: jsonBody(mailedToken) },
      responses: {
        200: json(z.object({ verified: z.literal(true) }), 'Shown, now or before.'),
        ...errors('invalid_request', 'link_over', 'email_taken', 'unauthenticated'),
      },
    }),
    async (c) => {
      const { token } = c.req.valid('json');
      if (ONE_TIME.test(token)) await emailChanges.confirm(token).then(startContactSync);
      else await emailVerifier.verify(token);
      return c.json({ verified: true as const }, 200);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/email/resend',
      tags,
      summary: 'Send the mail that asks for the proof again',
      description: 'At most one in ten minutes; nothing is sent to who is verified.',
      security: userToken,
      middleware: [requireUser(context)] as const,
      responses: {
        202: { description: 'It is on its way, or was a moment ago.' },
        ...errors(...signedOut),
      },
    }),
    async (c) => {
      await emailVerifier.sendAgain(userOf(c).userId);
      return c.body(null, 202);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/email/change',
      tags,
      summary: 'Ask for another e-mail address: a link is mailed to it',
      description: 'Nothing changes before the link is followed, within 24 hours.',
      security: userToken,
      middleware: [requireUser(context)] as const,
      request: { body: jsonBody(changeBody) },
      responses: {
        202: { description: 'The link is on its way to the new address.' },
        ...errors(
          ...signedOut,
          'invalid_request',
          'wrong_password',
          'forbidden',
          'email_taken',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      const wish = { ...c.req.valid('json'), from: fromOf(c) };
      await emailChanges.request(userOf(c).userId, wish);
      return c.body(null, 202);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/auth/email/revert',
      tags,
      summary: 'Take a change of the e-mail address back, by the token mailed to the old one',
      description:
        'Signs everybody out and voids the password; a link for a new one is mailed to the old address.',
      request: { body: jsonBody(mailedToken) },
      responses: {
        204: { description: 'The old address is the account’s again.' },
        ...errors(
          'invalid_request',
          'link_over',
          'email_taken',
          'unauthenticated',
          'rate_limited',
          'busy',
        ),
      },
    }),
    async (c) => {
      await emailChanges.revert(c.req.valid('json').token, fromOf(c)).then(startContactSync);
      return c.body(null, 204);
    },
  );

  return router;
}
