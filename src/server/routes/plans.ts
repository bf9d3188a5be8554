import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { PlansView } from '../../domain/api.ts';
import { FEATURES, INTERVALS, PLANS } from '../../domain/plans.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { announcedChange } from './announced-change-schema.ts';
import { errors, json } from './responses.ts';
import { createRouter } from './router.ts';

const limit = z.number().int().nullable();

const plansSchema = z
  .object({
    plans: z.array(
      z.object({
        plan: z.enum(PLANS),
        name: z.string(),
        features: z.array(z.enum(FEATURES)),
        limits: z
          .object({ llm_tokens: limit, messages: limit, images: limit, api_calls: limit })
          .openapi({ description: 'A calendar month; null is unlimited, 0 not included.' }),
        seats: z.number().int().openapi({ description: 'How many people may be in a team.' }),
        prices: z.array(
          z.object({
            priceId: z.string(),
            interval: z.enum(INTERVALS),
            amountMinor: z.number().int(),
            currency: z.string(),
            currencyOptions: z
              .array(z.object({ amountMinor: z.number().int(), currency: z.string() }))
              .openapi({ description: 'The same price for who is billed in another currency.' }),
          }),
        ),
        announcedChange,
      }),
    ),
  })
  .openapi('Plans') satisfies z.ZodType<PlansView>;

const route = createRoute({
  method: 'get',
  path: '/api/plans',
  tags: ['Plans'],
  summary: 'The plans, what they include and what they cost',
  responses: {
    200: json(plansSchema, 'Cheapest first. Amounts are read from Stripe.'),
    ...errors('stripe_unavailable'),
  },
});

export function planRoutes(context: Context): OpenAPIHono<AppEnv> {
  return createRouter().openapi(route, async (c) => {
    c.header('Cache-Control', 'public, max-age=60');
    return c.json(await context.services.plans.listPlans(), 200);
  });
}
