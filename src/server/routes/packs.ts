import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { PacksView } from '../../domain/api.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { errors, json } from './responses.ts';
import { createRouter } from './router.ts';

const packsSchema = z
  .object({
    packs: z.array(
      z.object({
        id: z.string(),
        credits: z.number().int(),
        bonus: z.number().int().openapi({ description: 'On top, and free of charge.' }),
        validDays: z.number().int(),
        prices: z.array(z.object({ amountMinor: z.number().int(), currency: z.string() })).openapi({
          description:
            'One a currency. The first, unless what runs or is to be paid binds the team to another.',
        }),
      }),
    ),
  })
  .openapi('Packs') satisfies z.ZodType<PacksView>;

const route = createRoute({
  method: 'get',
  path: '/api/credits/packs',
  tags: ['Credits'],
  summary: 'The packs of credits that can be bought, and what they cost',
  responses: {
    200: json(packsSchema, 'Smallest first. Amounts are read from Stripe.'),
    ...errors('stripe_unavailable'),
  },
});

export function packRoutes(context: Context): OpenAPIHono<AppEnv> {
  return createRouter().openapi(route, async (c) => {
    c.header('Cache-Control', 'public, max-age=60');
    return c.json(await context.services.purchases.listPacks(), 200);
  });
}
