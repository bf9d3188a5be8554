import { Readable } from 'node:stream';
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AuditEntryView, AuditPage } from '../../domain/api.ts';
import { auditWords } from '../../domain/accounts/files/audit-file.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser } from '../middleware/auth.ts';
import { respondWithCsv, csvResponse, langQuery } from './csv-file.ts';
import { errors, json, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const entrySchema = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    actor: z.object({
      kind: z.enum(['user', 'api_key', 'service', 'webhook', 'system']),
      name: z.string().nullable(),
    }),
    action: z.string().openapi({ example: 'member.role_changed' }),
    subject: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    cause: z.string().nullable(),
  })
  .openapi('AuditEntry') satisfies z.ZodType<AuditEntryView>;

const pageSchema = z
  .object({ entries: z.array(entrySchema), nextCursor: z.string().nullable() })
  .openapi('AuditPage') satisfies z.ZodType<AuditPage>;

const query = z.strictObject({
  cursor: z.string().min(1).max(40).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Who did what in the team, with what it was before and after: for its owners. */
export function auditRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { audit } = context.services;
  const router = createRouter();
  const person = { tags: ['Team'], security: userToken, middleware: requireUser(context) };
  const refused = [...signedOut, 'team_role_required'] as const;

  router.openapi(
    createRoute({
      ...person,
      method: 'get',
      path: '/api/tenant/audit',
      summary: 'What was done with the team’s money and people',
      request: { query },
      responses: {
        200: json(pageSchema, 'The newest first; `nextCursor` leads to the next page.'),
        ...errors(...refused, 'invalid_request'),
      },
    }),
    async (c) => c.json(await audit.read(requesterOf(c), c.req.valid('query')), 200),
  );

  router.openapi(
    createRoute({
      ...person,
      method: 'get',
      path: '/api/tenant/audit.csv',
      summary: 'All of it as CSV',
      request: { query: langQuery },
      responses: {
        200: csvResponse,
        ...errors(...refused, 'invalid_request', 'rate_limited', 'busy'),
      },
    }),
    async (c) => {
      const requester = requesterOf(c);
      return respondWithCsv(c, {
        ...{ slots: context.streams.exports, tenantId: requester.tenantId },
        ...{ name: 'audit', lang: c.req.valid('query').lang, words: auditWords },
        open: async () => Readable.from(await audit.exportCsv(requester)),
      });
    },
  );

  return router;
}
