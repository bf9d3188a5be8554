import { Readable } from 'node:stream';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AccountDeletionView } from '../../domain/api.ts';
import { PLANS } from '../../domain/plans.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { respondWithFile } from './response-stream.ts';
import { ownPassword } from './fields.ts';
import { originReader } from './request-origin.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { sessionCookie } from './session-cookie.ts';
import { requesterOf } from './subscription.ts';

const deletionSchema = z
  .object({
    deletesTeam: z.boolean(),
    team: z.string(),
    others: z.number().int(),
    subscription: z.object({ plan: z.enum(PLANS) }).nullable(),
  })
  .openapi('AccountDeletion') satisfies z.ZodType<AccountDeletionView>;

const deleteBody = z
  .strictObject({
    password: ownPassword,
    confirm: z
      .string()
      .max(200)
      .optional()
      .openapi({ description: 'The exact name of the team, where it goes too.' }),
  })
  .openapi('DeleteAccount');

/** One's data, and one's leaving. */
export function ownAccountRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { auth, stripeCalls, subscriptions } = context.services;
  const fromOf = originReader(context);
  const cookie = sessionCookie(context.config.appUrl);
  const router = createRouter();
  const own = { tags: ['Accounts'], security: userToken, middleware: requireUser(context) };

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/auth/me/export.json',
      summary: 'All that is kept of you',
      description:
        'Person, team, sessions, keys (without their secrets), characters, invoices where you manage billing, conversations with all that was said.',
      responses: {
        200: {
          description: 'JSON, to be kept as a file.',
          content: { 'application/json': { schema: z.string() } },
        },
        ...errors(...signedOut, 'rate_limited', 'busy'),
      },
    }),
    async (c) => {
      const { userId, tenantId } = userOf(c);
      const file = await respondWithFile(c, {
        ...{ slots: context.streams.exports, tenantId },
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Disposition': 'attachment; filename="my-data.json"',
        },
        open: async () => Readable.from(await auth.own.exportData({ userId, tenantId })),
      });
      // The library would have JSON whole; this is written as it is read.
      return file as never;
    },
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/auth/me/deletion',
      summary: 'What would go with your account',
      responses: { 200: json(deletionSchema, 'As it is now.'), ...errors(...signedOut) },
    }),
    async (c) => c.json(await auth.own.deletion.preview(userOf(c)), 200),
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'delete',
      path: '/api/auth/me',
      summary: 'Delete your account',
      description:
        'Who is the only owner of a team deletes it too: its subscription ends at once, as `DELETE /api/tenant` does it, and `confirm` must be its name.',
      request: { body: jsonBody(deleteBody) },
      responses: {
        204: { description: 'It is gone.' },
        ...errors(
          ...signedOut,
          'wrong_password',
          'invalid_request',
          'state_changed',
          'rate_limited',
          'stripe_unavailable',
          'outcome_unknown',
          'busy',
        ),
      },
    }),
    async (c) => {
      const wish = { ...c.req.valid('json'), from: fromOf(c) };
      await auth.own.deletion.delete(requesterOf(c), wish, async (requester, confirm) => {
        await stripeCalls.countLeaving(requester.tenantId);
        return subscriptions.deleteTenant(requester, confirm);
      });
      cookie.clear(c);
      return c.body(null, 204);
    },
  );

  return router;
}
