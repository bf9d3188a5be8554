import type { Pool } from 'pg';
import { inEveryBucket } from './buckets.ts';
import type { Database } from '../../src/db/client.ts';
import type { OveragePause } from '../../src/domain/billing/overage.ts';
import type { Plan } from '../../src/domain/plans.ts';
import type { ResourceType } from '../../src/domain/quota.ts';
import { syncEntitlement } from '../../src/server/services/usage/routing/bucket-sync.ts';

/** A tenant's counters over all its periods, as the database has them; 0 where it has none. */
export async function countersOf(
  pool: Pool,
  tenantId: string,
): Promise<Record<ResourceType, { used: number; held: number }>> {
  const none = () => ({ used: 0, held: 0 });
  const counters = { llm_tokens: none(), messages: none(), images: none(), api_calls: none() };
  const rows = await inEveryBucket<{ resource: ResourceType; used: string; held: string }>(
    pool,
    `select resource_type as resource, sum(used) as used, sum(held) as held
     from u00.usage_totals where tenant_id = $1 group by resource_type`,
    [tenantId],
  );
  for (const { resource, used, held } of rows) {
    counters[resource] = { used: Number(used), held: Number(held) };
  }
  return counters;
}

/**
 * Puts a tenant on a plan as the sync does, by the one column it owns, and sees to it that its bucket
 * knows: one on another server is told a moment after the change.
 */
export async function putOnPlan(
  database: Database,
  tenantId: string,
  plan: Plan,
  at?: Date,
): Promise<void> {
  await database.pool.query(
    'update tenants set plan = $2, updated_at = coalesce($3, updated_at) where id = $1',
    [tenantId, plan, at],
  );
  await syncEntitlement(database, tenantId);
}

/** Puts a tenant on a plan that it is billed for in `currency`, so that overage is sold to it. */
export async function putOnPaidPlan(
  database: Database,
  tenantId: string,
  plan: Plan,
  { currency = 'cny', paused = null }: { currency?: string; paused?: OveragePause | null } = {},
): Promise<void> {
  await database.pool.query(
    'update tenants set plan = $2, overage_currency = $3, overage_suspended = $4 where id = $1',
    [tenantId, plan, plan === 'free' ? null : currency, paused],
  );
  await syncEntitlement(database, tenantId);
}
