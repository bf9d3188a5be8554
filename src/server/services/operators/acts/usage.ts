import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { GivenBack } from '../../../../db/repositories/usage/corrections/reversal.repository.ts';
import type { UsageService } from '../../usage.service.ts';
import { actorOf } from '../operator-identity.ts';
import type { ActFact } from '../../../../domain/accounts/operator-act.ts';
import { fact, actResult, type Act } from './act.ts';

export interface UsageActDeps {
  usage: Pick<UsageService, 'correct' | 'getUsageStats' | 'resetUsage' | 'reversals'>;
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

/** The id of a row of the ledger, and until when a grant that ended meanwhile has what comes back to it. */
export interface ReversalInput {
  row: string;
  extendTo?: Date | undefined;
}

/** Takes one row of the ledger back, once. Errors are those of `ReversalService`. */
export const reverseUsage: Act<UsageActDeps, ReversalInput> = async (
  { usage: { reversals } },
  { operator, tenantId, reason, dryRun },
  { row: id, extendTo },
) => {
  const request = { tenantId, row: id, extendTo, reason, actor: actorOf(operator) };
  const { row, before, after, quotaUnits, sources } = dryRun
    ? await reversals.foresee(request)
    : await reversals.reverse(request);
  return actResult(
    !dryRun,
    ...[fact.text('row', row.id), fact.text('month', row.period)],
    ...[fact.text('resource', row.resourceType), fact.count('units', -row.amount)],
    ...[fact.count('used', before), fact.count('usedAfter', after)],
    ...sources.flatMap(factsOfSource),
    fact.count('quotaBack', quotaUnits),
  );
};

function factsOfSource(source: GivenBack): ActFact[] {
  const { kind, grantId, micro, lapsedMicro, revokedMicro, expiresAt } = source;
  if (kind === 'overage') return [fact.credits('overageBack', micro)];
  if (kind === 'uncovered') return [fact.credits('uncoveredBack', micro)];
  return [
    ...[fact.text('grant', grantId), fact.credits('creditsBack', micro)],
    ...(lapsedMicro > 0 ? [fact.credits('creditsLapsed', lapsedMicro)] : []),
    ...(revokedMicro > 0 ? [fact.credits('creditsRevoked', revokedMicro)] : []),
    fact.instant('until', expiresAt),
  ];
}
