import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ConversationPage, ConversationTurnView, ConversationView } from '../../domain/api.ts';
import { TITLE_LENGTH_MAX, TURNS_PER_PAGE_MAX } from '../../domain/conversations.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireSeat, requireUser, userOf } from '../middleware/auth.ts';
import { idParam, plainText } from './fields.ts';
import { errors, json, jsonBody, signedOut, userToken } from './responses.ts';
import { createRouter } from './router.ts';

const conversationSchema = z
  .object({
    id: z.uuid(),
    title: z.string(),
    characterId: z.uuid().nullable(),
    characterName: z.string().nullable(),
    greeting: z.string().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Conversation') satisfies z.ZodType<ConversationView>;

const turnSchema = z.object({
  id: z.uuid(),
  who: z.enum(['reader', 'character']),
  text: z.string(),
  imageUrl: z.string().nullable(),
  state: z.enum(['done', 'streaming', 'stopped', 'broken']),
  at: z.iso.datetime(),
}) satisfies z.ZodType<ConversationTurnView>;

const pageSchema = conversationSchema
  .extend({ turns: z.array(turnSchema), earlier: z.number().int().nullable() })
  .openapi('ConversationPage') satisfies z.ZodType<ConversationPage>;

const listSchema = z
  .object({ conversations: z.array(conversationSchema) })
  .openapi('Conversations');

const title = plainText(1, TITLE_LENGTH_MAX);
const newBody = z
  .strictObject({ characterId: z.uuid().optional(), title })
  .openapi('NewConversation');
const changes = z.strictObject({ title }).openapi('ConversationChanges');

const pageQuery = z.strictObject({
  before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  limit: z.coerce.number().int().min(1).max(TURNS_PER_PAGE_MAX).default(100),
});

/** A person's own conversations, kept for every device. */
export function conversationRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { conversations } = context.services;
  const router = createRouter();
  const own = { tags: ['Chat'], security: userToken, middleware: requireUser(context) };

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/conversations',
      summary: 'Your conversations, the last talked in first',
      responses: { 200: json(listSchema, 'All of them.'), ...errors(...signedOut) },
    }),
    async (c) => c.json({ conversations: await conversations.list(userOf(c)) }, 200),
  );

  router.openapi(
    createRoute({
      ...own,
      middleware: [requireUser(context), requireSeat] as const,
      method: 'post',
      path: '/api/conversations',
      summary: 'Begin a conversation, with a character or the storyteller',
      description: 'What is said in it is kept where `POST /api/chat` names it.',
      request: { body: jsonBody(newBody) },
      responses: {
        201: json(conversationSchema, 'Begun.'),
        ...errors(...signedOut, 'seat_required', 'invalid_request', 'not_found', 'limit_reached'),
      },
    }),
    async (c) => c.json(await conversations.create(userOf(c), c.req.valid('json')), 201),
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'get',
      path: '/api/conversations/{id}',
      summary: 'A conversation with the newest things said in it',
      description: '`before` (an earlier answer’s `earlier`) asks for what was said before.',
      request: { params: idParam, query: pageQuery },
      responses: {
        200: json(pageSchema, 'A page of it.'),
        ...errors(...signedOut, 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await conversations.read(userOf(c), id, c.req.valid('query')), 200);
    },
  );

  router.openapi(
    createRoute({
      ...own,
      middleware: [requireUser(context), requireSeat] as const,
      method: 'patch',
      path: '/api/conversations/{id}',
      summary: 'Rename a conversation',
      request: { params: idParam, body: jsonBody(changes) },
      responses: {
        200: json(conversationSchema, 'As it is now.'),
        ...errors(...signedOut, 'seat_required', 'invalid_request', 'not_found'),
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param');
      const renamed = await conversations.rename(userOf(c), id, c.req.valid('json').title);
      return c.json(renamed, 200);
    },
  );

  router.openapi(
    createRoute({
      ...own,
      method: 'delete',
      path: '/api/conversations/{id}',
      summary: 'Delete a conversation',
      responses: {
        204: { description: 'It is gone.' },
        ...errors(...signedOut, 'invalid_request', 'not_found'),
      },
      request: { params: idParam },
    }),
    async (c) => {
      await conversations.delete(userOf(c), c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

  return router;
}
