import { BillingError } from '../../domain/errors.ts';
import type { TenantId } from '../../domain/ids.ts';
import { planHasFeature, planOffers, plansWithFeature, plansWithMore } from '../../domain/plans.ts';
import type { Feature, Plan } from '../../domain/plans.ts';
import type { ResourceType } from '../../domain/quota.ts';
import type { PlanCatalogue } from './plans/plan-catalogue.ts';
import type { QuotaCheck } from './usage/quota/check-quota.ts';
import type { UsageService } from './usage.service.ts';

/** What a tenant's plan lets it do. */
export class FeatureService {
  private readonly usage: Pick<UsageService, 'checkQuota' | 'credits' | 'getPlan'>;
  private readonly plans: Pick<PlanCatalogue, 'listNewest'>;

  constructor(deps: {
    usage: Pick<UsageService, 'checkQuota' | 'credits' | 'getPlan'>;
    plans: Pick<PlanCatalogue, 'listNewest'>;
  }) {
    this.usage = deps.usage;
    this.plans = deps.plans;
  }

  /** By the effective plan, from this process's cache of entitlements. */
  async hasFeature(tenantId: TenantId, feature: Feature): Promise<boolean> {
    return planHasFeature(await this.usage.getPlan(tenantId), feature);
  }

  /** 403 `upgrade_required` with the plans that have the feature. */
  async assertFeature(tenantId: TenantId, feature: Feature): Promise<void> {
    if (await this.hasFeature(tenantId, feature)) return;
    throw upgradeRequired(feature, plansWithFeature(await this.plans.listNewest(), feature));
  }

  /** Looks, without reserving: whether `amount` more would fit now. */
  checkQuota(tenantId: TenantId, resourceType: ResourceType, amount = 1): Promise<QuotaCheck> {
    return this.usage.checkQuota(tenantId, resourceType, amount);
  }

  /** Units that the next call can take, of quota and credits together; `null` without a limit. */
  async getSpendable(tenantId: TenantId, resourceType: ResourceType): Promise<number | null> {
    return (await this.usage.credits.read(tenantId)).spendable[resourceType];
  }

  /** 403 `upgrade_required` where the plan neither includes the resource nor sells it beyond a quota. */
  async assertIncluded(tenantId: TenantId, resourceType: ResourceType): Promise<void> {
    const plan = await this.usage.getPlan(tenantId);
    if (planOffers(plan, resourceType)) return;
    const newest = await this.plans.listNewest();
    throw upgradeRequired(resourceType, plansWithMore(newest, plan, resourceType));
  }
}

/** `feature` is the feature, or the resource that the plan does not include. */
function upgradeRequired(feature: Feature | ResourceType, plans: Plan[]): BillingError {
  return new BillingError('upgrade_required', 'Upgrade required', { data: { feature, plans } });
}
