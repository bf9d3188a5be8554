import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { MonthCostView } from '../../domain/billing/payment-view.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser } from '../middleware/auth.ts';
import { errors, json, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';
import { paymentsSchema } from './payment-schemas.ts';

const query = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

const minor = z.number().int().openapi({ description: 'In the smallest unit of the currency.' });
const monthSchema = z
  .object({
    period: z.string(),
    costs: z.array(
      z.object({
        currency: z.string(),
        planMinor: minor,
        overageMinor: minor,
        packsMinor: minor,
        totalMinor: minor,
      }),
    ),
  })
  .openapi('MonthCost') satisfies z.ZodType<MonthCostView>;

/** The tenant's invoices. Addresses that let their holder pay are for owners and admins. */
export function paymentRoutes(context: Context): OpenAPIHono<AppEnv> {
  const route = createRoute({
    method: 'get',
    path: '/api/subscription/payments',
    tags: ['Subscription'],
    summary: 'Invoices and payments, newest first',
    security: userToken,
    middleware: [requireUser(context)] as const,
    request: { query },
    responses: {
      200: json(paymentsSchema, 'A page; `nextCursor` leads to the next.'),
      ...errors('invalid_request', 'unauthenticated', 'token_expired'),
    },
  });
  const month = createRoute({
    method: 'get',
    path: '/api/subscription/month',
    tags: ['Subscription'],
    summary: 'What the running month costs so far',
    security: userToken,
    middleware: [requireUser(context)] as const,
    responses: {
      200: json(monthSchema, 'Plan, overage and packs, a sum a currency.'),
      ...errors('unauthenticated', 'token_expired', 'database_unavailable'),
    },
  });
  const { payments } = context.services;
  return createRouter()
    .openapi(route, async (c) => {
      const { limit, cursor } = c.req.valid('query');
      return c.json(await payments.listPayments(requesterOf(c), { limit, cursor }), 200);
    })
    .openapi(month, async (c) => c.json(await payments.monthCost(requesterOf(c)), 200));
}
