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
  /** What of the quota is not used, held or not; `null` when unlimited. Never negative. */
  quotaLeft: number | null;
  /** What of `used` the quota paid, of `limit` in percent, rounded down, above 100 when exceeded; `null` without a limit. */
  percent: number | null;
  level: QuotaLevel;
  /** Of `used`: what the quota did not pay, but credits or overage. */
  beyond: number;
  /** Microcredits a unit beyond the quota; `null` where the quota is a hard limit. */
  rateMicro: number | null;
  /** What allowances add to the plan's quota in `limit`; negative where they take away. */
  allowance: number;
}

/** What of a counter is beyond the quota, and what more of it costs. */
export interface Beyond {
  used: number;
  held: number;
  rateMicro: number | null;
}

const NOTHING_BEYOND: Beyond = { used: 0, held: 0, rateMicro: null };

/**
 * Derives what is shown from the counters. `exceeded` begins when nothing is left to use (100 %),
 * `warning` at 80 %. Holds count against `remaining` only, for they may yet be released.
 */
export function describeUsage(
  resourceType: ResourceType,
  used: number,
  held: number,
  limit: Limit,
  { used: beyond, held: heldBeyond, rateMicro }: Beyond = NOTHING_BEYOND,
  allowance = 0,
): ResourceUsage {
  const ofQuota = used - beyond;
  const quotaLeft = limit === null ? null : Math.max(0, limit - ofQuota);
  const counted = { resourceType, used, held, limit, quotaLeft, beyond, rateMicro, allowance };
  if (limit === null) return { ...counted, remaining: null, percent: null, level: 'unlimited' };
  if (limit === 0) {
    const isTaken = allowance < 0;
    if (isTaken) return { ...counted, remaining: 0, percent: 100, level: 'exceeded' };
    return { ...counted, remaining: 0, percent: null, level: 'not_included' };
  }
  const percent = Math.floor((ofQuota * 100) / limit);
  const level = percent >= 100 ? 'exceeded' : percent >= 80 ? 'warning' : 'ok';
  const remaining = Math.max(0, limit - ofQuota - (held - heldBeyond));
  return { ...counted, remaining, percent, level };
}
