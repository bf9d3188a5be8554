import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { BillingError } from '../../domain/errors.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';
import { inOneStep } from '../middleware/in-one-step.ts';
import { requireToken } from '../middleware/service-auth.ts';
import type { Dependency } from '../services/operations/health.service.ts';
import { errors, json } from './responses.ts';
import { createRouter } from './router.ts';

const part = z.enum(['ok', 'failing']);
const readySchema = z
  .object({
    status: z.literal('ok'),
    parts: z.object({
      database: part,
      jobs: part,
      migrations: part,
      bucketServers: part.openapi({
        description: 'Servers of metering. One that is away leaves the process ready.',
      }),
    }),
  })
  .openapi('Readiness');

const NEEDED = ['database', 'jobs', 'migrations'] as const satisfies Dependency[];

const tags = ['Operation'];

const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  tags,
  summary: 'Is the process up?',
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It is.') },
});

const readyRoute = createRoute({
  method: 'get',
  path: '/readyz',
  tags,
  summary: 'Can the process do its work?',
  responses: {
    200: json(readySchema, 'Database, jobs and migrations are ready.'),
    ...errors('not_ready'),
  },
});

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  tags,
  summary: 'Figures for Prometheus',
  description:
    'Open on the machine itself in development; else it wants `Authorization: Bearer <METRICS_TOKEN>`.',
  responses: {
    200: {
      description: 'Prometheus text format.',
      content: { 'text/plain': { schema: z.string() } },
    },
    ...errors('unauthenticated'),
  },
});

/** For load balancers and monitoring. None of it needs a person's sign-in, and none of it tells secrets. */
export function healthRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { drain } = context;
  const { health } = context.services;
  const { registry } = context.metrics;
  const router = createRouter();

  router.openapi(healthRoute, (c) => c.json({ status: 'ok' as const }, 200));

  router.openapi(readyRoute, async (c) => {
    if (drain.begun.aborted) {
      throw new BillingError('not_ready', 'Not ready: this process is stopping.', {
        retryAfterSeconds: 5,
      });
    }
    const parts = await health.check();
    const failing = NEEDED.filter((name) => parts[name] === 'failing');
    if (failing.length > 0) {
      throw new BillingError('not_ready', `Not ready: ${failing.join(', ')}.`, {
        data: { parts },
        retryAfterSeconds: 5,
      });
    }
    return c.json({ status: 'ok' as const, parts }, 200);
  });

  const { metrics } = context.config;
  if (metrics.kind === 'token') {
    router.use(metricsRoute.path, inOneStep(requireToken(metrics.token, 'METRICS_TOKEN')));
  }
  router.openapi(metricsRoute, async (c) => {
    const text = await registry.metrics();
    return c.text(text, 200, { 'Content-Type': registry.contentType });
  });

  return router;
}
