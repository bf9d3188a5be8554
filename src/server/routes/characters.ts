import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { CharactersView, CharacterView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth, requireSeat, requireUser, userOf } from '../middleware/auth.ts';
import { featureGate } from '../middleware/feature-gate.ts';
import { idParam, nameText, plainText } from './fields.ts';
import { errors, json, jsonBody, signedOut, userToken, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';

const characterSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    description: z.string(),
    greeting: z.string(),
    shared: z.boolean(),
    own: z.boolean(),
    editable: z.boolean(),
    reported: z.boolean(),
    hidden: z.boolean(),
  })
  .openapi('Character') satisfies z.ZodType<CharacterView>;

const charactersSchema = z
  .object({ characters: z.array(characterSchema), nextCursor: z.string().nullable() })
  .openapi('Characters') satisfies z.ZodType<CharactersView>;

const characterBody = z
  .strictObject({
    name: nameText(80),
    description: plainText(0, 2_000),
    greeting: plainText(1, 1_000),
    shared: z.boolean().default(false),
  })
  .openapi('NewCharacter');

const characterChanges = z
  .strictObject({
    name: nameText(80).optional(),
    description: plainText(0, 2_000).optional(),
    greeting: plainText(1, 1_000).optional(),
    shared: z.boolean().optional(),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'must change something')
  .openapi('CharacterChanges');

const listQuery = z.strictObject({
  search: plainText(1, 100).optional(),
  cursor: z.string().min(1).max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(200),
});

const reportBody = z.strictObject({ reason: plainText(1, 1_000) }).openapi('CharacterReport');

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
      description:
        'The own ones, and what comes with the product, then the newest that others share, at most 20 of one team. `search` looks in name and description.',
      security: userTokenOrApiKey,
      request: { query: listQuery },
      middleware: [requireAuth(context, 'chat'), requireFeature('community_browse')] as const,
      responses: {
        200: json(charactersSchema, 'A page.'),
        ...errors(...gated, 'invalid_request'),
      },
    }),
    async (c) => c.json(await characters.list(c.get('principal'), c.req.valid('query')), 200),
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
      middleware: [
        requireAuth(context, 'characters:write'),
        requireSeat,
        requireFeature('community_browse'),
      ] as const,
      responses: {
        201: json(characterSchema, 'The character.'),
        ...errors(...gated, 'seat_required', 'invalid_request', 'limit_reached'),
      },
    }),
    async (c) => c.json(await characters.create(c.get('principal'), c.req.valid('json')), 201),
  );

  router.openapi(
    createRoute({
      method: 'patch',
      path: '/api/characters/{id}',
      tags,
      summary: 'Change, share or unshare a character',
      description:
        'For who made it, and owners and admins; a program’s key may what its maker may. `shared: true` needs `character_share`.',
      security: userTokenOrApiKey,
      request: { params: idParam, body: jsonBody(characterChanges) },
      middleware: [requireAuth(context, 'characters:write'), requireSeat] as const,
      responses: {
        200: json(characterSchema, 'As it is now.'),
        ...errors(
          ...gated,
          'seat_required',
          'forbidden',
          'invalid_request',
          'not_found',
          'limit_reached',
        ),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await characters.update(c.get('principal'), id, c.req.valid('json')), 200);
    },
  );

  router.openapi(
    createRoute({
      method: 'delete',
      path: '/api/characters/{id}',
      tags,
      summary: 'Delete a character',
      description:
        'For who made it, and owners and admins; a program’s key may what its maker may.',
      security: userTokenOrApiKey,
      request: { params: idParam },
      middleware: [requireAuth(context, 'characters:write'), requireSeat] as const,
      responses: {
        204: { description: 'It is gone, for everybody.' },
        ...errors(...gated, 'seat_required', 'invalid_request', 'forbidden', 'not_found'),
      },
    }),
    async (c) => {
      await characters.delete(c.get('principal'), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/characters/{id}/report',
      tags,
      summary: 'Tell operators what is wrong with a shared character',
      security: userToken,
      request: { params: idParam, body: jsonBody(reportBody) },
      middleware: [requireUser(context)] as const,
      responses: {
        204: { description: 'Noted.' },
        ...errors(...signedOut, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      await characters.report(userOf(c), id, c.req.valid('json').reason);
      return c.body(null, 204);
    },
  );

  return router;
}
