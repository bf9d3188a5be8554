import type { CreditsView } from '../../domain/billing/credits.ts';
import type { PaidFrom } from '../../domain/billing/usage/quote.ts';
import type { ResourceUsage } from '../../domain/quota.ts';

/**
 * What the next message would be paid with in the end; `nothing` where it would be refused, `unknown` while
 * the quota does not pay and `credits` is not read yet. `counters` are those of what a message takes.
 */
export function messagePayer(
  counters: readonly ResourceUsage[],
  credits: Pick<CreditsView, 'balance' | 'spendable'> | undefined,
): PaidFrom | 'nothing' | 'unknown' {
  const over = counters.filter(({ remaining }) => remaining === 0);
  if (over.length === 0) return 'plan';
  if (!credits) return 'unknown';
  if (counters.some(({ resourceType }) => credits.spendable[resourceType] === 0)) return 'nothing';
  const micro = over.reduce((sum, { rateMicro }) => sum + (rateMicro ?? 0), 0);
  return credits.balance >= micro ? 'credits' : 'overage';
}
