import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { HealthScreen } from '../../../domain/accounts/operator-inbox.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { errors, json } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, REFUSED } from './operator-route.ts';

const instant = z.iso.datetime();
const count = z.number().int();
const state = z.enum(['ok', 'failing']);
const named = z.array(z.object({ name: z.string(), value: z.string() }));

const healthSchema = z
  .object({
    readiness: z.object({ database: state, jobs: state, migrations: state }),
    jobs: z.array(
      z.object({ job: z.string(), waiting: count, lagSeconds: z.number(), failed: count }),
    ),
    inbox: z.object({ received: count, dead: count, oldestAt: instant.nullable() }),
    mails: z.object({ waiting: count, failing: count, givenUp: count }),
    alerts: z.array(z.object({ kind: z.string(), open: count })),
    failedSyncs: count,
    reconciledAt: instant.nullable(),
    verification: z.object({ at: instant, differences: count }).nullable(),
    deliveries: z.object({ acceptedAt: instant.nullable(), refusedAt: instant.nullable() }),
    versions: named,
    settings: named.openapi({ description: 'Secrets are masked.' }),
  })
  .openapi('OperatorHealth') satisfies z.ZodType<HealthScreen>;

/** How the installation is. */
export function operatorHealthRoutes(context: Context): OpenAPIHono<AppEnv> {
  const { operators } = context.services;
  const router = createRouter();
  router.openapi(
    createRoute({
      ...{ ...operatorRoute(context), method: 'get', path: '/api/admin/health' },
      summary: 'Jobs, inbox, mails, reconciliation, verification, versions and settings',
      responses: { 200: json(healthSchema, 'As it is now.'), ...errors(...REFUSED) },
    }),
    async (c) => c.json(await operators.readHealth(), 200),
  );
  return router;
}
