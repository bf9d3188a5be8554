import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import {
  GRANT_ORIGINS,
  GRANT_STATES,
  MOVEMENT_KINDS,
  type CreditHistoryView,
  type CreditsView,
} from '../../domain/billing/credits.ts';
import { movementWords } from '../../domain/accounts/files/usage-files.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth } from '../middleware/auth.ts';
import { memberOf } from '../principal.ts';
import { respondWithCsv, csvResponse, langQuery } from './csv-file.ts';
import { overageUsedSchema } from './limits-schemas.ts';
import { errors, json, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';

const micro = z.number().int().openapi({ description: 'Microcredits: 1 credit is 1,000,000.' });
const units = z.number().int();
const unitsLeft = z.object({
  llm_tokens: units.nullable(),
  messages: units.nullable(),
  images: units.nullable(),
  api_calls: units.nullable(),
});

export const creditsSchema = z
  .object({
    balance: micro,
    held: micro,
    grants: z.array(
      z.object({
        id: z.uuid(),
        origin: z.enum(GRANT_ORIGINS),
        class: z.enum(['promotional', 'paid']),
        amount: micro,
        left: micro,
        held: micro,
        effectiveAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
        state: z.enum(GRANT_STATES),
      }),
    ),
    overage: overageUsedSchema,
    spendable: unitsLeft.openapi({
      description: 'Units that the next call of whoever asks can take; null without a limit.',
    }),
    memberLeft: unitsLeft.openapi({
      description: 'What their own limit in the team leaves of that; null without one.',
    }),
  })
  .openapi('Credits') satisfies z.ZodType<CreditsView>;

const historySchema = z
  .object({
    movements: z.array(
      z.object({
        seq: units,
        at: z.iso.datetime(),
        kind: z.enum(MOVEMENT_KINDS),
        grantId: z.uuid().nullable(),
        resourceType: z.enum(RESOURCE_TYPES).nullable(),
        model: z.string().nullable(),
        units,
        rateMicro: micro.nullable(),
        micro,
        reverses: units.nullable(),
        balance: micro,
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('CreditHistory') satisfies z.ZodType<CreditHistoryView>;

const cursorQuery = z.object({ cursor: z.string().max(40).optional() });

const signedOut = ['unauthenticated', 'token_expired', 'database_unavailable'] as const;

/** What the requester's team has of credits; everybody in it may see. */
export function creditRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { credits } = context.services.usage;
  const { streams } = context;
  const router = createRouter();
  const reader = {
    security: userTokenOrApiKey,
    middleware: requireAuth(context, 'usage:read'),
    tags: ['Usage'],
  };

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/credits',
      summary: 'Credits, and what can be spent now',
      responses: {
        200: json(creditsSchema, 'Grants in the order in which they are drawn.'),
        ...errors(...signedOut),
      },
    }),
    async (c) => {
      const principal = c.get('principal');
      return c.json(await credits.read(principal.tenantId, memberOf(principal)), 200);
    },
  );

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/credits/history',
      summary: 'What came in and what was drawn',
      request: { query: cursorQuery },
      responses: {
        200: json(historySchema, 'Newest first, each with the balance after it.'),
        ...errors('invalid_request', ...signedOut),
      },
    }),
    async (c) => {
      const { cursor } = c.req.valid('query');
      return c.json(await credits.readHistory(c.get('principal').tenantId, cursor), 200);
    },
  );

  router.openapi(
    createRoute({
      ...reader,
      method: 'get',
      path: '/api/credits/history.csv',
      summary: 'The same, all of it',
      request: { query: langQuery },
      responses: {
        200: csvResponse,
        ...errors('invalid_request', 'rate_limited', 'busy', ...signedOut),
      },
    }),
    async (c) => {
      const { tenantId } = c.get('principal');
      return respondWithCsv(c, {
        ...{ slots: streams.exports, tenantId },
        ...{ name: 'credits', lang: c.req.valid('query').lang, words: movementWords },
        open: () => credits.historyCsv(tenantId),
      });
    },
  );

  return router;
}
