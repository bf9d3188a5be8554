import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { inOneStep } from '../middleware/in-one-step.ts';
import { requireToken } from '../middleware/service-auth.ts';
import { errors, json, jsonBody } from './responses.ts';
import { createRouter } from './router.ts';
import { USAGE_EVENTS } from './usage-events.ts';
import {
  eventResults,
  eventsBody,
  reservationBody,
  reservationParam,
  reservationSchema,
  settleBody,
  settledSchema,
} from './usage-schemas.ts';

const away = ['unauthenticated', 'busy', 'database_unavailable'] as const;
const reservationErrors = ['invalid_request', 'reservation_not_found', ...away] as const;

/** Metering for other services of the platform, who show `USAGE_INGEST_TOKEN`. */
export function usageIngestRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { usage } = context.services;
  const router = createRouter();
  const security = [{ ingestToken: [] }];
  const service = requireToken(context.config.usageIngestToken, 'USAGE_INGEST_TOKEN');
  const shared = { security, middleware: inOneStep(service), tags: ['Usage of other services'] };

  // Answered by an app of its own (`usage-events.ts`); here is what there is to say of it.
  router.openAPIRegistry.registerPath({
    method: 'post',
    path: USAGE_EVENTS,
    summary: 'Record up to 1,000 events',
    description: 'One bad event loses none of the others: it is answered `invalid`.',
    request: { body: jsonBody(eventsBody) },
    responses: {
      200: json(eventResults, 'In the order of the events.'),
      ...errors('invalid_request', ...away),
    },
    security,
    tags: shared.tags,
  });
  router.openapi(
    createRoute({
      ...shared,
      method: 'post',
      path: '/api/usage/reservations',
      summary: 'Hold units before the work',
      request: { body: jsonBody(reservationBody) },
      responses: {
        201: json(reservationSchema, 'Held until settled, released or expired.'),
        ...errors(
          'invalid_request',
          'tenant_not_found',
          'idempotency_conflict',
          ...away,
          'quota_exceeded',
        ),
      },
    }),
    async (c) => {
      const { expiresAt, ...rest } = await usage.reserve(c.req.valid('json'));
      return c.json({ ...rest, expiresAt: expiresAt.toISOString() }, 201);
    },
  );

  router.openapi(
    createRoute({
      ...shared,
      method: 'post',
      path: '/api/usage/reservations/{id}/settle',
      summary: 'Record what the work really used',
      request: { params: reservationParam, body: jsonBody(settleBody) },
      responses: {
        200: json(settledSchema, 'The counters after it; the same again when repeated.'),
        ...errors('reservation_settled', 'reservation_released', ...reservationErrors),
      },
    }),
    async (c) => {
      const request = { ...c.req.valid('json'), reservationId: c.req.valid('param').id };
      const { used, remaining } = await usage.settle(request);
      return c.json({ used, remaining }, 200);
    },
  );

  router.openapi(
    createRoute({
      ...shared,
      method: 'delete',
      path: '/api/usage/reservations/{id}',
      summary: 'Give a hold back',
      request: { params: reservationParam },
      responses: {
        204: { description: 'The hold is gone; also when it was gone before.' },
        ...errors('reservation_settled', ...reservationErrors),
      },
    }),
    async (c) => {
      await usage.release({ reservationId: c.req.valid('param').id });
      return c.body(null, 204);
    },
  );

  return router;
}
