import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { ModeView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { json } from './responses.ts';
import { createRouter } from './router.ts';

const modeSchema = z
  .object({
    testMode: z.boolean().openapi({ description: 'No real money moves here, though it looks so.' }),
    automaticTax: z.boolean().openapi({ description: 'Tax is worked out and shown at the till.' }),
    supportEmail: z.string().nullable(),
    termsUrl: z.string().nullable(),
    privacyUrl: z.string().nullable(),
  })
  .openapi('Mode') satisfies z.ZodType<ModeView>;

/** Whether payments are real, and whom to write to: every page says so. */
export function modeRoutes({ config }: Pick<Context, 'config'>): OpenAPIHono<AppEnv> {
  const route = createRoute({
    method: 'get',
    path: '/api/mode',
    tags: ['Service'],
    summary: 'Whether payments are real, and whom to write to',
    responses: { 200: json(modeSchema, 'The mode.') },
  });
  return createRouter().openapi(route, (c) =>
    c.json(
      {
        testMode: config.testMode,
        automaticTax: config.checkoutSettings.automaticTax,
        ...config.contact,
      },
      200,
    ),
  );
}
