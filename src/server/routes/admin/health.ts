import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { HealthScreen } from '../../../domain/accounts/operator-inbox.ts';
import {
  MENDED_KINDS,
  RUN_TRIGGERS,
  type ReconcileRunsPage,
} from '../../../domain/accounts/reconcile-run.ts';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { errors, json } from '../responses.ts';
import { createRouter } from '../router.ts';
import { operatorRoute, pageQuery, REFUSED } from './operator-route.ts';

const instant = z.iso.datetime();
const count = z.number().int();
const state = z.enum(['ok', 'failing']);
const named = z.array(z.object({ name: z.string(), value: z.string() }));

const healthSchema = z
  .object({
    readiness: z.object({ database: state, jobs: state, migrations: state, bucketServers: state }),
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

const runsSchema = z
  .object({
    runs: z.array(
      z.object({
        ...{ id: z.string(), trigger: z.enum(RUN_TRIGGERS) },
        ...{ begunAt: instant, endedAt: instant.nullable(), customers: count },
        ...{ mendedCount: count, failedCount: count, error: z.string().nullable() },
        mended: z.array(z.object({ tenantId: z.uuid(), kinds: z.array(z.enum(MENDED_KINDS)) })),
        failed: z.array(z.object({ customerId: z.string(), error: z.string() })),
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi('ReconcileRuns') satisfies z.ZodType<ReconcileRunsPage>;

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
  router.openapi(
    createRoute({
      ...{ ...operatorRoute(context), method: 'get', path: '/api/admin/reconcile-runs' },
      summary: 'When all customers were compared with Stripe, what was mended, what failed',
      request: { query: pageQuery },
      responses: {
        200: json(runsSchema, 'The newest first.'),
        ...errors(...REFUSED, 'invalid_request'),
      },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid('query');
      return c.json(await operators.listReconcileRuns(cursor, limit), 200);
    },
  );
  return router;
}
