import { LRUCache } from 'lru-cache';
import type { Db } from '../../../db/client.ts';
import { findTenant } from '../../../db/repositories/accounts/tenant.repository.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import type { Period } from '../../../domain/period.ts';
import { monthLimits } from '../../../domain/billing/plan-share.ts';
import type { Plan, PlanDefinition, PlanLimits } from '../../../domain/plans.ts';
import type { PlanCatalogue } from '../plans/plan-catalogue.ts';

const TENANTS_MAX = 50_000;

/** A version of null is the newest. */
interface HeldPlan {
  plan: Plan;
  version: number | null;
}

/**
 * Each tenant's effective plan, kept in this process. A plan change notifies every process when it
 * commits, and a process that cannot hear keeps nothing. Admission itself does not rest on this
 * copy: it reads the limit beside the counter.
 */
export class Entitlements {
  readonly #db: Db;
  readonly #catalogue: PlanCatalogue;
  readonly #hears: () => boolean;
  readonly #plans = new LRUCache<string, HeldPlan>({ max: TENANTS_MAX });
  #generation = 0;

  constructor(deps: { db: Db; plans: PlanCatalogue; hears: () => boolean }) {
    this.#db = deps.db;
    this.#catalogue = deps.plans;
    this.#hears = deps.hears;
  }

  /** The plan in the tenant's version of it. 404 `tenant_not_found` for unknown and deleted tenants. */
  async getPlan(tenantId: string): Promise<PlanDefinition> {
    const { plan, version } = await this.#getHeld(tenantId);
    return this.#catalogue.get(plan, version);
  }

  async #getHeld(tenantId: string): Promise<HeldPlan> {
    const kept = this.#hears() ? this.#plans.get(tenantId) : undefined;
    if (kept !== undefined) return kept;
    const generation = this.#generation;
    const tenant = await this.#getTenant(tenantId);
    // A notification that came while we read may be about what we read.
    const held = { plan: tenant.plan, version: tenant.planVersion };
    if (this.#hears() && generation === this.#generation) this.#plans.set(tenantId, held);
    return held;
  }

  /** Of a month whose counters are not open yet: what they will begin with. */
  async getLimits(tenantId: string, period: Period): Promise<PlanLimits> {
    const tenant = await this.#getTenant(tenantId);
    const plan = await this.#catalogue.get(tenant.plan, tenant.planVersion);
    const share = await this.#catalogue.shareOf({
      base: tenant.basePlan,
      baseVersion: tenant.basePlanVersion,
      from: tenant.shareFrom,
      until: tenant.shareUntil,
    });
    return monthLimits(plan, share, period);
  }

  async #getTenant(tenantId: string): Promise<Tenant> {
    const tenant = await findTenant(this.#db, tenantId);
    if (tenant) return tenant;
    throw new BillingError('tenant_not_found', `There is no tenant ${tenantId}.`);
  }

  forget(tenantId: string): void {
    this.#generation += 1;
    this.#plans.delete(tenantId);
  }

  forgetAll(): void {
    this.#generation += 1;
    this.#plans.clear();
  }
}
