import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ImageView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireAuth, requireSeat, userOf } from '../middleware/auth.ts';
import { featureGate } from '../middleware/feature-gate.ts';
import { trackMessageUsage } from '../middleware/usage-tracking.ts';
import { plainText } from './fields.ts';
import { errors, json, jsonBody, userTokenOrApiKey } from './responses.ts';
import { createRouter } from './router.ts';

const imageBody = z
  .strictObject({ prompt: plainText(1, 2_000), conversationId: z.uuid().optional() })
  .openapi('ImagePrompt');

const imageSchema = z
  .object({
    image: z.object({
      id: z.uuid(),
      mimeType: z.string(),
      dataUrl: z.string().openapi({ description: 'A `data:` URL.' }),
    }) satisfies z.ZodType<ImageView>,
  })
  .openapi('Image');

/** Pictures from words. */
export function imageRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { conversations, images } = context.services;
  const { requireQuota } = featureGate(context);
  const router = createRouter();

  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/images',
      tags: ['Images'],
      summary: 'Draw a picture',
      description: 'Meters 1 image; a refused request costs nothing.',
      security: userTokenOrApiKey,
      request: { body: jsonBody(imageBody) },
      middleware: [
        requireAuth(context, 'images'),
        requireSeat,
        trackMessageUsage(context),
        requireQuota('images', 1),
      ] as const,
      responses: {
        200: json(imageSchema, 'The picture.'),
        ...errors(
          'invalid_request',
          'unauthenticated',
          'token_expired',
          'forbidden',
          'upgrade_required',
          'quota_exceeded',
          'seat_required',
          'not_found',
          'limit_reached',
        ),
      },
    }),
    async (c) => {
      const { prompt, conversationId } = c.req.valid('json');
      const said = { kind: 'image' as const, text: prompt, log: c.get('log')() };
      const exchange =
        conversationId === undefined
          ? undefined
          : await conversations.begin(userOf(c), { ...said, conversationId });
      const image = images.generate(prompt);
      await exchange?.keep({ text: prompt, state: 'done' });
      return c.json({ image }, 200);
    },
  );

  return router;
}
