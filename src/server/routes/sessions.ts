import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { OwnSessionView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { idParam } from './fields.ts';
import { errors, json, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { sessionCookie } from './session-cookie.ts';

const sessionSchema = z.object({
  id: z.uuid(),
  device: z.object({ browser: z.string().nullable(), system: z.string().nullable() }),
  address: z.string().nullable(),
  startedAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  current: z.boolean(),
}) satisfies z.ZodType<OwnSessionView>;

const sessionsSchema = z.object({ sessions: z.array(sessionSchema) }).openapi('OwnSessions');

/** Where one is signed in. */
export function sessionRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { sessions } = context.services.auth.own;
  const cookie = sessionCookie(context.config.appUrl);
  const router = createRouter();
  const own = {
    tags: ['Accounts'],
    security: userToken,
    middleware: requireUser(context),
  };

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/auth/sessions',
      summary: 'Where you are signed in; the session of the cookie is marked',
      responses: {
        200: json(sessionsSchema, 'The last used first.'),
        ...errors(...signedOut),
      },
    }),
    async (c) => c.json({ sessions: await sessions.list(userOf(c).userId, cookie.read(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'delete',
      path: '/api/auth/sessions',
      summary: 'Sign out everywhere but in the session of the cookie',
      description: 'An access token that was given out already is good for its 15 minutes.',
      responses: { 204: { description: 'Signed out.' }, ...errors(...signedOut) },
    }),
    async (c) => {
      await sessions.endOthers(userOf(c).userId, cookie.read(c));
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'delete',
      path: '/api/auth/sessions/{id}',
      summary: 'Sign one session out',
      request: { params: idParam },
      responses: {
        204: { description: 'Signed out.' },
        ...errors(...signedOut, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      await sessions.end(userOf(c).userId, c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  return router;
}
