import type { UsageStats } from '../../../domain/api.ts';
import {
  leftAfter,
  microBeyond,
  quoteOf,
  type QuoteView,
} from '../../../domain/billing/usage/quote.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import { quotaExceeded } from './credits/quota-exceeded.ts';
import type { CreditService } from './credits/credit.service.ts';
import type { MeteringDeps } from './metering-deps.ts';
import { usageStats } from './stats.ts';

/**
 * What a message would take of the quotas and of credits: one message, and the tokens that `tokens`
 * makes of those which are left beside it (null: without limit). Nothing is held and nothing counts.
 * 429 `quota_exceeded` where admission would refuse the message.
 */
export async function quoteMessage(
  deps: MeteringDeps,
  credits: Pick<CreditService, 'read'>,
  tenantId: string,
  tokens: (left: number | null) => number,
): Promise<QuoteView> {
  const [stats, { spendable }] = await Promise.all([
    usageStats(deps, tenantId),
    credits.read(tenantId),
  ]);
  const [messageCounter, tokenCounter] = [find(stats, 'messages'), find(stats, 'llm_tokens')];
  if (spendable.messages !== null && spendable.messages < 1) {
    throw await refused(deps, tenantId, messageCounter, 1);
  }
  const ofMessage = microBeyond(messageCounter, 1);
  const left = leftAfter(tokenCounter, spendable.llm_tokens, ofMessage);
  const units = tokens(left);
  if (left !== null && units > left) throw await refused(deps, tenantId, tokenCounter, units);
  return quoteOf(units, ofMessage + microBeyond(tokenCounter, units));
}

type Counter = UsageStats['resources'][number];

const find = ({ resources }: UsageStats, resource: ResourceType): Counter =>
  resources.find(({ resourceType }) => resourceType === resource)!;

function refused(deps: MeteringDeps, tenantId: string, counter: Counter, amount: number) {
  const { limit, used, beyond } = counter;
  // Holds of credits come back too; how much of them is for admission to say.
  const waits = limit !== null && amount <= limit - (used - beyond);
  return quotaExceeded(deps, { ...counter, tenantId, amount, waits });
}
