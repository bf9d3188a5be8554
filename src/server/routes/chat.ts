import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { SSEStreamingApi } from 'hono/streaming';
import type { ModelView } from '../../domain/api.ts';
import { PAID_FROM, type QuoteView } from '../../domain/billing/usage/quote.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth, requireSeat, userOf } from '../middleware/auth.ts';
import { featureGate } from '../middleware/feature-gate.ts';
import { verifiedEmail } from '../middleware/verified-email.ts';
import { trackMessageUsage } from '../middleware/usage-tracking.ts';
import { memberOf } from '../principal.ts';
import { sendEvents } from './response-stream.ts';
import { plainText } from './fields.ts';
import { errors, json, jsonBody, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';

const chatBody = z
  .strictObject({
    message: plainText(1, 8_000),
    characterId: z.uuid().optional(),
    model: plainText(1, 200).optional(),
    conversationId: z
      .uuid()
      .optional()
      .openapi({ description: 'Keeps what is said, in a conversation of the person who asks.' }),
  })
  .openapi('ChatMessage');

const { conversationId: _, ...said } = chatBody.shape;
const quoteBody = z.strictObject(said).openapi('QuoteRequest');

const quoteSchema = z
  .object({
    units: z.number().int().openapi({ description: 'Of `llm_tokens`, at most.' }),
    credits: z.number().openapi({ description: 'Beyond the quota, at most; six decimals.' }),
    from: z.enum(PAID_FROM).openapi({ description: 'The last source that it needs.' }),
    minor: z.number().int().optional().openapi({
      description: 'Of overage: what would be billed at most, in minor units of `currency`.',
    }),
    currency: z.string().optional(),
  })
  .openapi('Quote') satisfies z.ZodType<QuoteView>;

const modelsSchema = z
  .object({
    models: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        advanced: z.boolean(),
      }) satisfies z.ZodType<ModelView>,
    ),
  })
  .openapi('Models');

const tags = ['Chat'];
const gated = [
  ...(['unauthenticated', 'token_expired', 'upgrade_required', 'quota_exceeded'] as const),
  'member_limit',
] as const;

/** Chat: models, and the conversation as a stream. */
export function chatRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { chat } = context.services;
  const { drain } = context;
  const { requireFeature } = featureGate(context);
  const router = createRouter();

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/chat/models',
      tags,
      summary: 'The models; the first is the default',
      security: userTokenOrApiKey,
      middleware: [requireAuth(context, 'chat')] as const,
      responses: {
        200: json(modelsSchema, 'Advanced ones need `advanced_models`.'),
        ...errors(...gated),
      },
    }),
    (c) => c.json({ models: chat.models }, 200),
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/chat',
      tags,
      summary: 'Say something; the answer streams',
      description:
        'Server-sent events: `delta` `{text}` any number of times, then `done` `{usage, messageId}`, or `error` when the answer broke off. Meters 1 message and the tokens really used, also of an answer that broke off. Errors before the first text are plain JSON and cost nothing.',
      security: userTokenOrApiKey,
      request: { body: jsonBody(chatBody) },
      middleware: [
        requireAuth(context, 'chat'),
        requireSeat,
        requireFeature('basic_chat'),
        verifiedEmail(context).forMessages,
        trackMessageUsage(context),
      ] as const,
      responses: {
        200: {
          description: 'The stream.',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...errors(
          ...gated,
          'email_unverified',
          'seat_required',
          'forbidden',
          'invalid_request',
          'unknown_model',
          'not_found',
          'limit_reached',
          'upstream_failed',
        ),
      },
    }),
    async (c) => {
      const hangUp = new AbortController();
      const signal = AbortSignal.any([hangUp.signal, c.req.raw.signal, drain.over]);
      const requestId = c.get('requestId');
      const { conversationId, ...said } = c.req.valid('json');
      const events = await chat.answer({
        ...said,
        keeping: conversationId === undefined ? undefined : { conversationId, keeper: userOf(c) },
        tenantId: c.get('principal').tenantId,
        meter: c.get('meter'),
        log: c.get('log')(),
        signal,
      });
      const streamAnswer = async (stream: SSEStreamingApi) => {
        for await (const { event, data } of events) {
          const sent = event === 'error' ? { ...data, requestId } : data;
          await stream.writeSSE({ event, data: JSON.stringify(sent) });
        }
      };
      return sendEvents(c, { hangUp, run: (stream) => drain.during(streamAnswer(stream)) });
    },
  );

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/usage/quote',
      tags,
      summary: 'What a message would take, before it is sent',
      description:
        'As it would be held: its prompt and the longest answer that fits. Nothing is held, kept or metered; what sending would refuse is refused here. A request by key counts 1 `api_calls`, as each does.',
      security: userTokenOrApiKey,
      request: { body: jsonBody(quoteBody) },
      middleware: [
        requireAuth(context, 'chat'),
        requireSeat,
        requireFeature('basic_chat'),
      ] as const,
      responses: {
        200: json(quoteSchema, 'What it would take at most, and who would pay.'),
        ...errors(
          ...gated,
          'seat_required',
          'forbidden',
          'not_found',
          'invalid_request',
          'unknown_model',
        ),
      },
    }),
    async (c) => {
      const principal = c.get('principal');
      const { tenantId } = principal;
      const memberId = memberOf(principal);
      return c.json(await chat.quote({ ...c.req.valid('json'), tenantId, memberId }), 200);
    },
  );

  return router;
}
