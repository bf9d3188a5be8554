import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { handleStripeWebhook } from '../webhooks/stripe.webhook.ts';
import { errors, json } from './responses.ts';
import { createRouter } from './router.ts';

const route = createRoute({
  method: 'post',
  path: '/webhooks/stripe',
  tags: ['Webhooks'],
  summary: "Stripe's events",
  description: 'The raw body, signed as `Stripe-Signature` says. Stored, then worked on.',
  responses: {
    200: json(z.object({ received: z.literal(true) }), 'Stored, now or before.'),
    ...errors('invalid_signature', 'database_unavailable'),
  },
});

/** No middleware that reads the body may stand before this one: the signature is over its bytes. */
export function webhookRoutes(context: Context): OpenAPIHono<AppEnv> {
  const handle = handleStripeWebhook({
    access: context.stripe,
    events: context.services.stripeEvents,
    drain: context.drain,
  });
  const router = createRouter();
  router.openAPIRegistry.registerPath(route);
  router.post(route.path, handle);
  return router;
}
