import type { OverageNow } from '../../../../db/repositories/usage/credits/overage.ts';
import {
  overageEndOf,
  type OverageOfChange,
  type OveragePrice,
  type OverageView,
} from '../../../../domain/billing/overage.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { periodOf, type Period } from '../../../../domain/period.ts';
import type { UsageQueues } from '../routing/queues.ts';

/** As the tenant's bucket has it; `undefined` while that knows nothing of the tenant. */
export function readOverageNow(
  deps: { queues: Pick<UsageQueues, 'overages'>; clock: Clock },
  tenantId: string,
): Promise<OverageNow | undefined> {
  return readOverageOf(deps, tenantId, periodOf(deps.clock.now()));
}

/** The same with what a month has used and its cap leaves. */
export function readOverageOf(
  { queues }: { queues: Pick<UsageQueues, 'overages'> },
  tenantId: string,
  period: Period,
): Promise<OverageNow | undefined> {
  return queues.overages.submit({ tenantId, period }, tenantId);
}

/** What is shown of it. */
export function overageView(found: OverageNow | undefined): OverageView {
  const { offer, account } = found ?? { offer: null };
  const { currency, minorPerCredit, suspended } = offer ?? {};
  return {
    price: currency && minorPerCredit ? { currency, minorPerCredit } : null,
    paused: suspended ?? null,
    enabled: account?.enabled ?? false,
    capMinor: account?.capMinor ?? null,
    currency: account?.currency ?? null,
    lapsed: account?.lapsed ?? null,
    suspended: account?.suspended ?? null,
    usedMinor: account?.usedMinor ?? 0,
    unpaidMinor: account?.unpaidMinor ?? 0,
    exposureMinor: account?.exposureMinor ?? null,
  };
}

/** What becomes of it with a plan that sells a credit at `offered`, or none. */
export function overageOfChange(
  found: OverageNow | undefined,
  offered: OveragePrice | null,
): OverageOfChange {
  const { account } = found ?? {};
  if (!account) return { overageEnds: null, drawn: null };
  const { enabled, currency, agreed, unpaidMinor: drawnMinor } = account;
  return {
    overageEnds: enabled ? overageEndOf({ currency, minorPerCredit: agreed }, offered) : null,
    drawn: drawnMinor > 0 ? { drawnMinor, currency } : null,
  };
}
