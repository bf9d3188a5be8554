import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireUser } from '../middleware/auth.ts';
import { errors, json, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';
import { paymentsSchema } from './subscription-schemas.ts';

const query = z.strictObject({
  cursor: z.string().min(1).max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

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
  return createRouter().openapi(route, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const page = await context.services.payments.listPayments(requesterOf(c), { limit, cursor });
    return c.json(page, 200);
  });
}
