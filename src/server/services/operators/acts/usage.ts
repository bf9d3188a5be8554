import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { UsageService } from '../../usage.service.ts';
import { actorOf } from '../operator-identity.ts';
import { fact, actResult, type Act } from './act.ts';

export interface UsageActDeps {
  usage: Pick<UsageService, 'correct' | 'getUsageStats' | 'resetUsage'>;
}

/** `amount` is added, with a minus taken off; null takes all of it off. */
export interface CorrectionInput {
  resourceType: ResourceType;
  amount: number | null;
  period?: Period | undefined;
}

/** Corrects a counter by a row of the ledger. 400 for what would leave less than nothing. */
export const correctUsage: Act<UsageActDeps, CorrectionInput> = async (
  { usage },
  { operator, tenantId, reason, dryRun },
  { resourceType, amount, period },
) => {
  const { resources } = await usage.getUsageStats(tenantId, period);
  const used = resources.find((one) => one.resourceType === resourceType)?.used ?? 0;
  if (dryRun) {
    const after = amount === null ? 0 : used + amount;
    return actResult(false, fact.count('used', used), fact.count('usedAfter', after));
  }
  const request = {
    ...{ tenantId, resourceType, reason, actor: actorOf(operator) },
    ...(period ? { period } : {}),
  };
  if (amount === null) {
    const { before } = await usage.resetUsage(request);
    return actResult(true, fact.count('used', before), fact.count('usedAfter', 0));
  }
  const { used: after } = await usage.correct({ ...request, amount });
  return actResult(true, fact.count('used', after - amount), fact.count('usedAfter', after));
};
