import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ApiKeyCreated, ApiKeyView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser, userOf } from '../middleware/auth.ts';
import { idParam, plainText } from './fields.ts';
import { errors, json, jsonBody, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().openapi({ description: 'The first characters, to tell keys apart.' }),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime().nullable(),
  })
  .openapi('ApiKey') satisfies z.ZodType<ApiKeyView>;

const createdSchema = apiKeySchema
  .extend({ key: z.string().openapi({ description: 'The whole key, shown this once.' }) })
  .openapi('ApiKeyCreated') satisfies z.ZodType<ApiKeyCreated>;

const listSchema = z.object({ apiKeys: z.array(apiKeySchema) }).openapi('ApiKeys');

const tags = ['API keys'];
const signedIn = ['unauthenticated', 'token_expired', 'forbidden'] as const;

/** API keys, managed by people only: a key cannot make keys. */
export function apiKeyRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { apiKeys } = context.services;
  const router = createRouter();

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/api-keys',
      tags,
      summary: 'Make a key',
      description: 'Needs a plan whose `api_calls` limit is not 0.',
      security: userToken,
      request: { body: jsonBody(z.strictObject({ name: plainText(1, 100) }).openapi('NewApiKey')) },
      middleware: [requireUser(context)] as const,
      responses: {
        201: json(createdSchema, 'The key; keep it, it is not shown again.'),
        ...errors(...signedIn, 'invalid_request', 'upgrade_required'),
      },
    }),
    async (c) => {
      c.header('Cache-Control', 'no-store');
      return c.json(await apiKeys.create(userOf(c), c.req.valid('json').name), 201);
    },
  );

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/api-keys',
      tags,
      summary: 'The keys of the tenant, newest first',
      security: userToken,
      middleware: [requireUser(context)] as const,
      responses: { 200: json(listSchema, 'Without the keys themselves.'), ...errors(...signedIn) },
    }),
    async (c) => c.json({ apiKeys: await apiKeys.list(userOf(c).tenantId) }, 200),
  );

  router.openapi(
    createRoute({
      method: 'delete',
      path: '/api/api-keys/{id}',
      tags,
      summary: 'Revoke a key, at once',
      security: userToken,
      request: { params: idParam },
      middleware: [requireUser(context)] as const,
      responses: {
        204: { description: 'It opens nothing any more.' },
        ...errors(...signedIn, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      await apiKeys.revoke(userOf(c).tenantId, c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  return router;
}
