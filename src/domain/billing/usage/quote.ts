import { CALL_MICRO_MAX, MICRO_PER_CREDIT } from '../credits.ts';
import { minorOf, type OveragePrice } from '../overage.ts';
import type { ResourceUsage } from '../../quota.ts';

/** The last source that a call would be paid with: the month's quota, credits behind it, overage behind these. */
export const PAID_FROM = ['plan', 'credits', 'overage'] as const;
export type PaidFrom = (typeof PAID_FROM)[number];

/** What a message would take at most, before it is sent. */
export interface QuoteView {
  /** Units of `llm_tokens`: prompt and the longest answer that fits, as they are held. */
  units: number;
  /** Credits beyond the quota, up to six decimals; 0 while the quota pays all of it. */
  credits: number;
  from: PaidFrom;
  /** Of overage: what would be billed for it at most, in whole minor units, rounded up. */
  minor?: number;
  currency?: string;
}

type Counter = Pick<ResourceUsage, 'remaining' | 'rateMicro'>;

/** µcr that units cost beyond what is left of the quota, as admission reckons. */
export function microBeyond({ remaining, rateMicro }: Counter, units: number): number {
  if (remaining === null) return 0;
  return Math.max(0, units - remaining) * (rateMicro ?? 0);
}

type Held = Pick<ResourceUsage, 'held' | 'quotaLeft' | 'remaining' | 'rateMicro'>;

/** µcr that work under way keeps of a resource; what it keeps of the quota costs none. */
export function microHeld({ held, quotaLeft, remaining, rateMicro }: Held): number {
  if (quotaLeft === null || remaining === null) return 0;
  return Math.max(0, held - (quotaLeft - remaining)) * (rateMicro ?? 0);
}

/** µcr that units cost beyond the quota once it has back what is held of it; none is enough without a rate. */
export function microOnceBack({ quotaLeft, rateMicro }: Held, units: number): number {
  const beyond = quotaLeft === null ? 0 : Math.max(0, units - quotaLeft);
  return beyond === 0 ? 0 : beyond * (rateMicro ?? Infinity);
}

/** Units that are left for a call beside what takes `micro` of the `funds` µcr beyond the quotas; null without limit. */
export function leftAfter(
  { remaining, rateMicro }: Counter,
  funds: number,
  micro: number,
): number | null {
  if (remaining === null) return null;
  const left = Math.min(Math.max(0, funds - micro), CALL_MICRO_MAX);
  return remaining + (rateMicro ? Math.floor(left / rateMicro) : 0);
}

/** A quote of `units`, together costing `micro` µcr beyond the quotas; what `balance` does not pay is overage. */
export function quoteOf(
  units: number,
  micro: number,
  balance: number,
  price: OveragePrice | null,
): QuoteView {
  const quote = { units, credits: micro / MICRO_PER_CREDIT };
  if (micro <= balance || price === null) {
    return { ...quote, from: micro > 0 ? 'credits' : 'plan' };
  }
  const minor = minorOf(micro - balance, price, 'up');
  return { ...quote, from: 'overage', minor, currency: price.currency };
}
