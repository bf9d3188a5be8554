import type { UsageDay } from '../../domain/api.ts';
import { daysOf, periodOf, previousPeriod } from '../../domain/period.ts';
import type { ResourceType, ResourceUsage } from '../../domain/quota.ts';

const DAY_MS = 86_400_000;
/** What somebody did lately says more of the days to come than a month does. */
const LATELY_DAYS = 7;

/** How use goes on: until when the quota lasts as things go. */
export type Forecast = { kind: 'runs_out'; at: Date } | { kind: 'lasts' } | { kind: 'unknown' };

/**
 * Takes the mean of the last seven of `days` (the last of them is today) for the days until the reset.
 * `unknown` without a limit, without use, or when nothing is left to run out.
 */
export function forecast(
  usage: ResourceUsage | undefined,
  days: readonly UsageDay[],
  { now, resetsAt }: { now: Date; resetsAt: string },
): Forecast {
  const left = usage?.remaining ?? 0;
  const lately = days.slice(-LATELY_DAYS);
  if (!usage?.limit || left <= 0 || lately.length === 0) return { kind: 'unknown' };
  const perDay = sumOf(lately, usage.resourceType) / lately.length;
  if (perDay <= 0) return { kind: 'unknown' };
  const at = new Date(now.getTime() + (left / perDay) * DAY_MS);
  return at.getTime() < Date.parse(resetsAt) ? { kind: 'runs_out', at } : { kind: 'lasts' };
}

/** What a day may use so that the quota lasts its month; `null` without a limit. */
export function pacePerDay(usage: ResourceUsage | undefined, resetsAt: string): number | null {
  if (!usage?.limit) return null;
  const end = new Date(resetsAt);
  return usage.limit / daysOf({ period: previousPeriod(periodOf(end)) }, end).length;
}

/** Sum and daily mean of one resource, and its highest day. */
export function summarizeDays(
  days: readonly UsageDay[],
  resource: ResourceType,
): { total: number; most: number; average: number } {
  const total = sumOf(days, resource);
  return {
    total,
    most: Math.max(0, ...days.map((day) => day[resource])),
    average: days.length === 0 ? 0 : rounded(total / days.length),
  };
}

/** Whole from ten on; below that two digits, so that a little use is not said to be none. */
function rounded(average: number): number {
  return average >= 10 ? Math.round(average) : Number(average.toPrecision(2));
}

function sumOf(days: readonly UsageDay[], resource: ResourceType): number {
  return days.reduce((sum, day) => sum + day[resource], 0);
}
