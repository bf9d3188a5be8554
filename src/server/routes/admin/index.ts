import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../../app-env.ts';
import type { Context } from '../../context.ts';
import { createRouter } from '../router.ts';
import { tenantActRoutes } from './tenant-acts.ts';
import { operatorTenantRoutes } from './tenants.ts';
import { businessRoutes } from './business.ts';
import { operatorHealthRoutes } from './health.ts';
import { operatorInboxRoutes } from './inbox.ts';
import { operatorSessionRoutes } from './session.ts';

/** Everything below `/api/admin`: for operators alone. */
export function adminRoutes(context: Context): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.route('/', operatorSessionRoutes(context));
  router.route('/', operatorTenantRoutes(context));
  router.route('/', tenantActRoutes(context));
  router.route('/', operatorInboxRoutes(context));
  router.route('/', operatorHealthRoutes(context));
  router.route('/', businessRoutes(context));
  return router;
}
