import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ApiKeyCreated, ApiKeyView } from '../../domain/api.ts';
import { API_KEY_SCOPES } from '../../domain/api-keys.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { limitActs, requireSeat, requireUser, userOf } from '../middleware/auth.ts';
import { idParam, instantField, nameText } from './fields.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const apiKeySchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().openapi({ description: 'The first characters, to tell keys apart.' }),
    createdAt: z.iso.datetime(),
    scopes: z.array(z.enum(API_KEY_SCOPES)).nullable().openapi({
      description: '`null`: made without any, and may chat, make images and characters.',
    }),
    own: z.boolean(),
    ownerName: z.string(),
    lastUsedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable(),
  })
  .openapi('ApiKey') satisfies z.ZodType<ApiKeyView>;

const createdSchema = apiKeySchema
  .extend({ key: z.string().openapi({ description: 'The whole key, shown this once.' }) })
  .openapi('ApiKeyCreated') satisfies z.ZodType<ApiKeyCreated>;

const listSchema = z.object({ apiKeys: z.array(apiKeySchema) }).openapi('ApiKeys');

const newKeySchema = z
  .strictObject({
    name: nameText(100),
    scopes: z.array(z.enum(API_KEY_SCOPES)).min(1).max(API_KEY_SCOPES.length).optional(),
    expiresAt: instantField.optional(),
  })
  .openapi('NewApiKey');

const tags = ['API keys'];
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
      request: { body: jsonBody(newKeySchema) },
      middleware: [requireUser(context), requireSeat, limitActs(context)] as const,
      responses: {
        201: json(createdSchema, 'The key; keep it, it is not shown again.'),
        ...errors(
          ...signedOut,
          'rate_limited',
          'upgrade_required',
          'seat_required',
          'invalid_request',
          'limit_reached',
        ),
      },
    }),
    async (c) => {
      const { name, scopes, expiresAt } = c.req.valid('json');
      const input = { name, scopes, expiresAt: expiresAt ? new Date(expiresAt) : undefined };
      return c.json(await apiKeys.create(userOf(c), input), 201);
    },
  );

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/api-keys',
      tags,
      summary: 'Keys, newest first: the tenant’s for owners and admins, one’s own for members',
      security: userToken,
      middleware: [requireUser(context)] as const,
      responses: { 200: json(listSchema, 'Without the keys themselves.'), ...errors(...signedOut) },
    }),
    async (c) => c.json({ apiKeys: await apiKeys.list(userOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      method: 'delete',
      path: '/api/api-keys/{id}',
      tags,
      summary: 'Revoke a key, at once',
      security: userToken,
      request: { params: idParam },
      middleware: [requireUser(context), limitActs(context)] as const,
      responses: {
        204: { description: 'It opens nothing any more.' },
        ...errors(...signedOut, 'rate_limited', 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      await apiKeys.revoke(userOf(c), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  return router;
}
