import type { UsageDay, UsageHistory, UsageStats } from '../../../domain/api.ts';
import type { Clock } from '../../../domain/clock.ts';
import { periodEnd, periodOf, type Period } from '../../../domain/period.ts';
import { describeUsage, RESOURCE_TYPES } from '../../../domain/quota.ts';
import { unopenedQuota } from './quota/month-quota.ts';
import type { Entitlements } from './entitlements.ts';
import type { UsageRouter } from './routing/router.ts';

export interface StatsDeps {
  router: UsageRouter;
  entitlements: Entitlements;
  clock: Clock;
}

const isEmpty = (rows: readonly unknown[]) => rows.length === 0;

/** Every resource of the month, also those not used yet: these have the limit of the plan. */
export async function usageStats(
  deps: StatsDeps,
  tenantId: string,
  period: Period = periodOf(deps.clock.now()),
): Promise<UsageStats> {
  const [{ rates }, counters] = await Promise.all([
    deps.entitlements.getPlan(tenantId),
    deps.router.read(tenantId, (bucket) => bucket.getUsage(tenantId, period), isEmpty),
  ]);
  const isOpen = counters.length === RESOURCE_TYPES.length;
  const unopened = isOpen ? undefined : await unopenedQuota(deps, tenantId, period);
  const updatedAt = counters.map((counter) => counter.updatedAt.getTime());
  return {
    period,
    resetsAt: periodEnd(period).toISOString(),
    updatedAt: new Date(Math.max(...updatedAt, 0) || deps.clock.now()).toISOString(),
    resources: RESOURCE_TYPES.map((resourceType) => {
      const counter = counters.find((one) => one.resourceType === resourceType);
      if (counter === undefined) {
        const beyond = { used: 0, held: 0, rateMicro: rates[resourceType] ?? null };
        const { limits, allowances } = unopened!;
        const allowance = allowances[resourceType];
        return describeUsage(resourceType, 0, 0, limits[resourceType], beyond, allowance);
      }
      const { used, held, limit, beyond, allowance } = counter;
      return describeUsage(resourceType, used, held, limit, beyond, allowance);
    }),
  };
}

/** The UTC days `dates`, the first one first; days without usage are zeros. */
export async function usageHistory(
  deps: Pick<StatsDeps, 'router'>,
  tenantId: string,
  dates: readonly string[],
): Promise<UsageHistory> {
  const first = dates[0]!.slice(0, 7) as Period;
  const last = dates.at(-1)!.slice(0, 7) as Period;
  const found = await deps.router.read(
    tenantId,
    (bucket) => bucket.getDays(tenantId, first, last),
    isEmpty,
  );
  const byDate = new Map<string, UsageDay>(
    dates.map((date) => [date, { date, llm_tokens: 0, messages: 0, images: 0, api_calls: 0 }]),
  );
  for (const { date, resourceType, amount } of found) {
    const day = byDate.get(date);
    if (day !== undefined) day[resourceType] += amount;
  }
  return { days: [...byDate.values()] };
}
