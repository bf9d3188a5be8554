import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { requireBillingRole } from '../middleware/auth.ts';
import { limitLeaving } from '../middleware/stripe-calls.ts';
import { errors, jsonBody, userToken } from './responses.ts';
import { createRouter } from './router.ts';
import { requesterOf } from './subscription.ts';

const body = z.strictObject({
  confirm: z.string().max(200).openapi({ description: 'The exact name of the team.' }),
});

export function tenantRoutes(context: Context): OpenAPIHono<AppEnv> {
  const route = createRoute({
    method: 'delete',
    path: '/api/tenant',
    tags: ['Accounts'],
    summary: 'Delete the team: ends its subscription at once, erases its people',
    security: userToken,
    middleware: [requireBillingRole(context), limitLeaving(context)] as const,
    request: { body: jsonBody(body) },
    responses: {
      204: { description: 'It is gone.' },
      ...errors(
        'invalid_request',
        'unauthenticated',
        'token_expired',
        'stripe_unavailable',
        'forbidden',
        'billing_role_required',
        'busy',
        'outcome_unknown',
        'state_changed',
        'rate_limited',
      ),
    },
  });
  return createRouter().openapi(route, async (c) => {
    await context.services.subscriptions.deleteTenant(requesterOf(c), c.req.valid('json').confirm);
    return c.body(null, 204);
  });
}
