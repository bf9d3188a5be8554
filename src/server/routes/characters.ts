import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { CharactersView, CharacterView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth } from '../middleware/auth.ts';
import { featureGate } from '../middleware/feature-gate.ts';
import { plainText } from './fields.ts';
import { errors, json, jsonBody, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';

const characterSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    greeting: z.string(),
    shared: z.boolean(),
    own: z.boolean(),
  })
  .openapi('Character') satisfies z.ZodType<CharacterView>;

const charactersSchema = z
  .object({ characters: z.array(characterSchema) })
  .openapi('Characters') satisfies z.ZodType<CharactersView>;

const characterBody = z
  .strictObject({
    name: plainText(1, 80),
    description: plainText(0, 2_000),
    greeting: plainText(1, 1_000),
    shared: z.boolean().default(false),
  })
  .openapi('NewCharacter');

const tags = ['Characters'];
const gated = ['unauthenticated', 'token_expired', 'upgrade_required', 'quota_exceeded'] as const;

/** Characters: the tenant's own, and the community's. */
export function characterRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { characters } = context.services;
  const { requireFeature } = featureGate(context);
  const router = createRouter();

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/characters',
      tags,
      summary: 'Own characters first, then shared ones',
      security: userTokenOrApiKey,
      middleware: [requireAuth(context), requireFeature('community_browse')] as const,
      responses: { 200: json(charactersSchema, 'At most 200 of each.'), ...errors(...gated) },
    }),
    async (c) => c.json({ characters: await characters.list(c.get('principal').tenantId) }, 200),
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/characters',
      tags,
      summary: 'Make a character',
      description: '`shared: true` needs `character_share`.',
      security: userTokenOrApiKey,
      request: { body: jsonBody(characterBody) },
      middleware: [requireAuth(context), requireFeature('community_browse')] as const,
      responses: {
        201: json(characterSchema, 'The character.'),
        ...errors(...gated, 'invalid_request'),
      },
    }),
    async (c) => c.json(await characters.create(c.get('principal'), c.req.valid('json')), 201),
  );

  return router;
}
