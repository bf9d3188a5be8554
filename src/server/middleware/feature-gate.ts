import { createMiddleware } from 'hono/factory';
import type { Feature } from '../../domain/plans.ts';
import type { ResourceType } from '../../domain/quota.ts';
import type { AppEnv } from '../app-env.ts';
import type { Context } from '../context.ts';

/** The gates of routes, for behind `requireAuth`. */
export function featureGate(context: Pick<Context, 'services'>) {
  const { features } = context.services;
  return {
    /** Lets in tenants whose plan has `feature`: 403 `upgrade_required` with the plans that do. */
    requireFeature: (feature: Feature) =>
      createMiddleware<AppEnv>(async (c, next) => {
        await features.assertFeature(c.get('principal').tenantId, feature);
        await next();
      }),

    /**
     * Reserves `estimate` units before the work begins: 429 `quota_exceeded` when they do not fit.
     * `trackMessageUsage` stands before it and settles or releases them after.
     */
    requireQuota: (resourceType: ResourceType, estimate = 1) =>
      createMiddleware<AppEnv>(async (c, next) => {
        await c.get('meter').reserve(resourceType, estimate);
        await next();
      }),
  };
}
