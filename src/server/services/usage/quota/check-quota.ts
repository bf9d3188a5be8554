import { periodOf } from '../../../../domain/period.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { CreditService } from '../credits/credit.service.ts';
import type { MeteringDeps } from '../metering-deps.ts';
import { unopenedQuota } from './month-quota.ts';

export interface QuotaCheck {
  allowed: boolean;
  used: number;
  held: number;
  limit: Limit;
  /** `null` without a limit; never negative. */
  remaining: number | null;
}

/** Looks, without reserving: whether `amount` more would fit now, of quota and credits together. */
export async function checkQuota(
  deps: MeteringDeps,
  credits: Pick<CreditService, 'read'>,
  wanted: { tenantId: string; resourceType: ResourceType; amount: number },
): Promise<QuotaCheck> {
  const { tenantId, resourceType, amount } = wanted;
  const { clock, queues } = deps;
  const key = { tenantId, resourceType, period: periodOf(clock.now()) };
  const counter = await queues.lookups.submit(key, tenantId);
  const { used, held, limit } = counter ?? {
    used: 0,
    held: 0,
    limit: (await unopenedQuota(deps, tenantId, key.period)).limits[resourceType],
  };
  const remaining = limit === null ? null : Math.max(0, limit - used - held);
  const canSpend = async () => {
    const units = (await credits.read(tenantId)).spendable[resourceType];
    return units === null || amount <= units;
  };
  const allowed = remaining === null || amount <= remaining || (await canSpend());
  return { allowed, used, held, limit, remaining };
}
