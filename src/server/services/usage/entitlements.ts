import { LRUCache } from 'lru-cache';
import type { Db } from '../../../db/client.ts';
import { findTenant } from '../../../db/repositories/accounts/tenant.repository.ts';
import { BillingError } from '../../../domain/errors.ts';
import type { Tenant } from '../../../db/schema/index.ts';
import type { Period } from '../../../domain/period.ts';
import { monthLimits, type PlanShare } from '../../../domain/billing/plan-share.ts';
import type { Plan, PlanLimits } from '../../../domain/plans.ts';

const TENANTS_MAX = 50_000;

/**
 * Each tenant's effective plan, kept in this process. A plan change notifies every process when it
 * commits, and a process that cannot hear keeps nothing. Admission itself does not rest on this
 * copy: it reads the limit beside the counter.
 */
export class Entitlements {
  readonly #db: Db;
  readonly #hears: () => boolean;
  readonly #plans = new LRUCache<string, Plan>({ max: TENANTS_MAX });
  #generation = 0;

  constructor(deps: { db: Db; hears: () => boolean }) {
    this.#db = deps.db;
    this.#hears = deps.hears;
  }

  /** 404 `tenant_not_found` for unknown and deleted tenants. */
  async getPlan(tenantId: string): Promise<Plan> {
    const kept = this.#hears() ? this.#plans.get(tenantId) : undefined;
    if (kept !== undefined) return kept;
    const generation = this.#generation;
    const tenant = await this.#getTenant(tenantId);
    // A notification that came while we read may be about what we read.
    if (this.#hears() && generation === this.#generation) this.#plans.set(tenantId, tenant.plan);
    return tenant.plan;
  }

  /** Of a month whose counters are not open yet: what they will begin with. */
  async getLimits(tenantId: string, period: Period): Promise<PlanLimits> {
    const tenant = await this.#getTenant(tenantId);
    return monthLimits(tenant.plan, shareOf(tenant), period);
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

/** The part of a higher plan that the tenant has paid; `null` when its plan is whole. */
function shareOf({ basePlan, shareFrom, shareUntil }: Tenant): PlanShare | null {
  if (!basePlan || !shareFrom || !shareUntil) return null;
  return { base: basePlan, from: shareFrom, until: shareUntil };
}
