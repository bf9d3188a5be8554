import type { ResourceType } from '../../quota.ts';

/** By what a month's usage is taken apart. */
export const BREAKDOWNS = ['member', 'model', 'character', 'day'] as const;
export type BreakdownBy = (typeof BREAKDOWNS)[number];

/** A part of a month's usage. */
export interface UsagePart {
  /** A person's or character's id, a model, or a UTC day; `null` where the ledger names none. */
  id: string | null;
  /** What it is called; `null` when it is gone, or never had a name. */
  name: string | null;
  /** Units of each resource. */
  used: Record<ResourceType, number>;
  /** Credits that paid for what the quota did not, up to six decimals. */
  credits: number;
}

/** A month's usage in parts, which add up to the whole. */
export interface UsageBreakdown {
  period: string;
  by: BreakdownBy;
  /** Days in their order; others the largest first, what has no name last. */
  parts: UsagePart[];
  /** Whether the last part is everybody but the reader, whose names are for owners and admins. */
  othersTogether: boolean;
  total: Pick<UsagePart, 'used' | 'credits'>;
}
