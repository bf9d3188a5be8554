import { MICRO_PER_CREDIT } from '../credits.ts';
import type { ResourceUsage } from '../../quota.ts';

/** What a call would be paid with: the month's quota, or credits for what of it the quota does not pay. */
export const PAID_FROM = ['plan', 'credits'] as const;
export type PaidFrom = (typeof PAID_FROM)[number];

/** What a message would take at most, before it is sent. */
export interface QuoteView {
  /** Units of `llm_tokens`: prompt and the longest answer that fits, as they are held. */
  units: number;
  /** Credits beyond the quota, up to six decimals; 0 while the quota pays all of it. */
  credits: number;
  from: PaidFrom;
}

type Counter = Pick<ResourceUsage, 'remaining' | 'rateMicro'>;

/** µcr that units cost beyond what is left of the quota, as admission reckons. */
export function microBeyond({ remaining, rateMicro }: Counter, units: number): number {
  if (remaining === null) return 0;
  return Math.max(0, units - remaining) * (rateMicro ?? 0);
}

/** Of `spendable` units how many are left for a call that has `micro` µcr to pay for something else. */
export function leftAfter(counter: Counter, spendable: number | null, micro: number) {
  const { remaining, rateMicro } = counter;
  if (spendable === null || remaining === null) return null;
  const beyond = spendable - remaining - (rateMicro ? Math.ceil(micro / rateMicro) : 0);
  return remaining + Math.max(0, beyond);
}

/** A quote of `units`, together costing `micro` µcr beyond the quotas. */
export function quoteOf(units: number, micro: number): QuoteView {
  return { units, credits: micro / MICRO_PER_CREDIT, from: micro > 0 ? 'credits' : 'plan' };
}
