import type { Database } from '../db/client.ts';
import { findTenant } from '../db/repositories/tenant.repository.ts';
import { readCounters } from '../db/repositories/usage/read.ts';
import type { UsageStats } from '../domain/api.ts';
import type { Clock } from '../domain/clock.ts';
import type { TenantId } from '../domain/ids.ts';
import { periodEnd, periodOf } from '../domain/period.ts';
import { PLAN_CATALOGUE } from '../domain/plans.ts';
import { describeUsage, RESOURCE_TYPES } from '../domain/quota.ts';

/** Reads this month's counters, until the usage service is wired in its place. */
export class UsageReader {
  readonly #deps: { database: Database; clock: Clock };

  constructor(deps: { database: Database; clock: Clock }) {
    this.#deps = deps;
  }

  async getUsageStats(tenantId: TenantId): Promise<UsageStats> {
    const { database, clock } = this.#deps;
    const now = clock.now();
    const period = periodOf(now);
    const tenant = await findTenant(database.db, tenantId);
    const counters = await readCounters(database.pool, tenantId, period);
    return {
      period,
      resetsAt: periodEnd(period).toISOString(),
      updatedAt: now.toISOString(),
      resources: RESOURCE_TYPES.map((resource) => {
        const counter = counters.find((one) => one.resourceType === resource);
        const limit = PLAN_CATALOGUE[tenant?.plan ?? 'free'].limits[resource];
        return describeUsage(resource, counter?.used ?? 0, counter?.held ?? 0, limit);
      }),
    };
  }
}
