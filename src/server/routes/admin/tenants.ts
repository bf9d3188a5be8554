import { Readable } from 'node:stream';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { UserId } from '../../../domain/ids.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { operatorOf } from '../../middleware/operator.ts';
import { respondWithFile } from '../response-stream.ts';
import { idParam, plainText } from '../fields.ts';
import { errors, json } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, pageQuery, REFUSED } from './operator-route.ts';
import { mailSchema, tenantSchema, tenantsSchema, timelineSchema } from './tenant-schemas.ts';

const searchQuery = pageQuery.extend({
  q: plainText(0, 200).default('').openapi({
    description:
      'Beginnings of words of the name, the beginning of an e-mail address, an id of ours or of Stripe’s, an invoice number; empty for all.',
  }),
});
const mailParams = idParam.extend({
  mailId: z.uuid().openapi({ param: { name: 'mailId', in: 'path' } }),
});
const personParams = idParam.extend({
  userId: z.uuid().openapi({ param: { name: 'userId', in: 'path' } }),
});

/** Tenants as operators see them. */
export function operatorTenantRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { operators, auth } = context.services;
  const { tenants } = operators;
  const router = createRouter();
  const operator = operatorRoute(context);
  const unknown = [...REFUSED, 'tenant_not_found', 'invalid_request'] as const;

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/tenants' },
      summary: 'Find tenants',
      request: { query: searchQuery },
      responses: {
        200: json(tenantsSchema, 'The newest first; `nextCursor` leads to the next page.'),
        ...errors(...REFUSED, 'invalid_request'),
      },
    }),
    async (c) => {
      const { q, cursor, limit } = c.req.valid('query');
      return c.json(await tenants.search(q, cursor, limit), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/tenants/{id}' },
      summary: 'One tenant: plan, state, money, usage, people, credits',
      request: { params: idParam },
      responses: {
        200: json(tenantSchema, 'As our rows have it.'),
        ...errors(...unknown, 'database_unavailable'),
      },
    }),
    async (c) => c.json(await tenants.show(operatorOf(c), c.req.valid('param').id), 200),
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/tenants/{id}/timeline' },
      summary: 'Everything that happened to a tenant',
      request: { params: idParam, query: pageQuery },
      responses: {
        200: json(timelineSchema, 'The newest first; `nextCursor` leads to the next page.'),
        ...errors(...unknown, 'database_unavailable'),
      },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query');
      return c.json(await tenants.timeline(c.req.valid('param').id, cursor, limit), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get', path: '/api/admin/tenants/{id}/mails/{mailId}' },
      summary: 'A mail as its reader got it, without the tokens of its links',
      request: { params: mailParams },
      responses: { 200: json(mailSchema, 'With its text.'), ...errors(...unknown) },
    }),
    async (c) => {
      const { id, mailId } = c.req.valid('param');
      return c.json(await tenants.readMail(id, mailId), 200);
    },
  );

  router.openapi(
    createRoute({
      ...{ ...operator, method: 'get' },
      path: '/api/admin/tenants/{id}/people/{userId}/export.json',
      summary: 'All that is kept of a person of the tenant',
      request: { params: personParams },
      responses: {
        200: {
          description: 'JSON, to be kept as a file.',
          content: { 'application/json': { schema: z.string() } },
        },
        ...errors(...unknown, 'rate_limited', 'busy'),
      },
    }),
    async (c) => {
      const { id: tenantId, userId } = c.req.valid('param');
      await tenants.assertMember(tenantId, userId);
      const file = await respondWithFile(c, {
        ...{ slots: context.streams.exports, tenantId },
        headers: {
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Disposition': `attachment; filename="${userId}.json"`,
        },
        open: async () =>
          Readable.from(await auth.own.exportData({ userId: userId as UserId, tenantId })),
      });
      // The library would have JSON whole; this is written as it is read.
      return file as never;
    },
  );

  return router;
}
