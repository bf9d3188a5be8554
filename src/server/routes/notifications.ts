import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { NotificationsView } from '../../domain/api.ts';
import { OPTIONAL_MAILS } from '../../domain/mails.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { limitActs, requireBillingRole, requireUser, userOf } from '../middleware/auth.ts';
import { emailField } from './fields.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const notificationsSchema = z
  .object({
    optional: z.array(z.object({ kind: z.enum(OPTIONAL_MAILS), wanted: z.boolean() })),
    billingEmail: z.string().nullable(),
  })
  .openapi('Notifications') satisfies z.ZodType<NotificationsView>;

const mutedBody = z
  .strictObject({ muted: z.array(z.enum(OPTIONAL_MAILS)).max(20) })
  .openapi('MutedMails');
const billingBody = z.strictObject({ email: emailField.nullable() }).openapi('BillingEmail');

const tags = ['Accounts'];
/** Which mails one gets, and who else gets those about money. */
export function notificationRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { notifications } = context.services.auth.own;
  const router = createRouter();
  const limited = limitActs(context);
  const own = {
    tags,
    security: userToken,
    middleware: [requireUser(context), limited],
  };

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/auth/me/notifications',
      summary: 'Which mails you get',
      description:
        'What money, law or the safety of the account needs is sent always, and not here.',
      responses: { 200: json(notificationsSchema, 'As it is now.'), ...errors(...signedOut) },
    }),
    async (c) => c.json(await notifications.read(userOf(c)), 200),
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'put',
      path: '/api/auth/me/notifications',
      summary: 'Choose which mails you do without',
      request: { body: jsonBody(mutedBody) },
      responses: {
        200: json(notificationsSchema, 'As it is now.'),
        ...errors(...signedOut, 'rate_limited', 'invalid_request'),
      },
    }),
    async (c) => {
      await notifications.mute(userOf(c).userId, c.req.valid('json').muted);
      return c.json(await notifications.read(userOf(c)), 200);
    },
  );

  router.openapi(
    createRoute({
      tags,
      security: userToken,
      middleware: [requireBillingRole(context), limited] as const,
      method: 'put',
      path: '/api/tenant/billing-email',
      summary: 'Name a second address for the team’s mails about money; null for none',
      request: { body: jsonBody(billingBody) },
      responses: {
        200: json(notificationsSchema, 'As it is now.'),
        ...errors(
          'unauthenticated',
          'token_expired',
          'billing_role_required',
          'invalid_request',
          'rate_limited',
        ),
      },
    }),
    async (c) => {
      await notifications.setBillingEmail(userOf(c), c.req.valid('json').email);
      return c.json(await notifications.read(userOf(c)), 200);
    },
  );

  return router;
}
