import { allowanceIn, limitWith } from '../../../../domain/billing/usage/allowance.ts';
import type { Period } from '../../../../domain/period.ts';
import type { PlanLimits } from '../../../../domain/plans.ts';
import { RESOURCE_TYPES, type ResourceType } from '../../../../domain/quota.ts';
import type { Entitlements } from '../entitlements.ts';
import type { UsageRouter } from '../routing/router.ts';

export interface QuotaDeps {
  router: UsageRouter;
  entitlements: Entitlements;
}

/** The sums of a month's allowances, by resource; 0 where there are none. */
export async function readAllowances(
  { router }: Pick<QuotaDeps, 'router'>,
  tenantId: string,
  period: Period,
): Promise<Record<ResourceType, number>> {
  const sums = await router.read(
    tenantId,
    (bucket) => bucket.allowances.sum(tenantId, period),
    (found) => Object.keys(found).length === 0,
  );
  return byResource((resource) => sums[resource] ?? 0);
}

/** What the counters of a month that is not open yet will begin with: limits, and what of them allowances make. */
export async function unopenedQuota(
  deps: QuotaDeps,
  tenantId: string,
  period: Period,
): Promise<{ limits: PlanLimits; allowances: Record<ResourceType, number> }> {
  const [plan, sums] = await Promise.all([
    deps.entitlements.getLimits(tenantId, period),
    readAllowances(deps, tenantId, period),
  ]);
  return {
    limits: byResource((resource) => limitWith(plan[resource], sums[resource])),
    allowances: byResource((resource) => allowanceIn(plan[resource], sums[resource])),
  };
}

function byResource<T>(of: (resource: ResourceType) => T): Record<ResourceType, T> {
  return Object.fromEntries(RESOURCE_TYPES.map((resource) => [resource, of(resource)])) as Record<
    ResourceType,
    T
  >;
}
