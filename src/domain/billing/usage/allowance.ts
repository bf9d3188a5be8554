import type { Period } from '../../period.ts';
import type { Limit, ResourceType } from '../../quota.ts';

/** Why a month's quota is another than the plan's: `rollover` is what the month before left, the others people give. */
export const ALLOWANCE_KINDS = ['goodwill', 'promotion', 'override', 'rollover'] as const;
export type AllowanceKind = (typeof ALLOWANCE_KINDS)[number];

/** The kinds that people give. */
export const GIVEN_KINDS = ['goodwill', 'promotion', 'override'] as const;
export type GivenKind = (typeof GIVEN_KINDS)[number];

/** Units of one allowance at most, either way: a thousand of them still add up exactly. */
export const ALLOWANCE_UNITS_MAX = 1_000_000_000_000;

/** What refs of `rollover` begin with; nobody else's may. */
export const ROLLOVER_REF = 'rollover:';

/** A signed change of one month's quota of a resource. It never changes; another one takes it back. */
export interface Allowance {
  /** What for, as a ticket: makes one, once a tenant. */
  ref: string;
  period: Period;
  resourceType: ResourceType;
  kind: AllowanceKind;
  /** Of the resource; negative where it takes away. Never 0. */
  units: number;
  /** ISO 8601. */
  createdAt: string;
}

/**
 * What a sum of allowances makes of a plan's limit: never more taken away than it has, nothing where it is
 * unlimited or the plan does not include the resource. The database has the same rule
 * (`usage_allowance_in`), because it writes the limits.
 */
export function allowanceIn(limit: Limit, units: number): number {
  return limit === null || limit === 0 ? 0 : Math.max(-limit, units);
}

/** The month's limit: the plan's, or the part's that is paid, and what allowances make of it. */
export function limitWith(limit: Limit, units: number): Limit {
  return limit === null ? null : limit + allowanceIn(limit, units);
}
