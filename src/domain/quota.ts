/** What is metered. The order is the order of display. */
export const RESOURCE_TYPES = ['llm_tokens', 'messages', 'images', 'api_calls'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

export function isResourceType(value: unknown): value is ResourceType {
  return typeof value === 'string' && (RESOURCE_TYPES as readonly string[]).includes(value);
}

/** Units a calendar month; `null` is unlimited, `0` is not included. */
export type Limit = number | null;

export type QuotaLevel = 'ok' | 'warning' | 'exceeded' | 'not_included' | 'unlimited';

/** The shares of a quota, in percent, at which the owner is told. */
export const THRESHOLDS_PERCENT = [80, 100] as const;
export type ThresholdPercent = (typeof THRESHOLDS_PERCENT)[number];

/** One resource of one period, as shown. Units are the resource's own; `held` is reserved, not used. */
export interface ResourceUsage {
  resourceType: ResourceType;
  used: number;
  held: number;
  limit: Limit;
  /** Units that a new call may still take; `null` when unlimited. Never negative. */
  remaining: number | null;
  /** `used` of `limit` in percent, rounded down, above 100 when exceeded; `null` without a limit. */
  percent: number | null;
  level: QuotaLevel;
}

/**
 * Derives what is shown from the counters. `exceeded` begins when nothing is left to use (100 %),
 * `warning` at 80 %. Holds count against `remaining` only, for they may yet be released.
 */
export function describeUsage(
  resourceType: ResourceType,
  used: number,
  held: number,
  limit: Limit,
): ResourceUsage {
  if (limit === null) {
    return { resourceType, used, held, limit, remaining: null, percent: null, level: 'unlimited' };
  }
  if (limit === 0) {
    return { resourceType, used, held, limit, remaining: 0, percent: null, level: 'not_included' };
  }
  const percent = Math.floor((used * 100) / limit);
  const level = percent >= 100 ? 'exceeded' : percent >= 80 ? 'warning' : 'ok';
  const remaining = Math.max(0, limit - used - held);
  return { resourceType, used, held, limit, remaining, percent, level };
}
