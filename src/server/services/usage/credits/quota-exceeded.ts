import { shortReasonOf, type OverageView } from '../../../../domain/billing/overage.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodEnd, type Period } from '../../../../domain/period.ts';
import { planOffers, plansWithMore } from '../../../../domain/plans.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { PlanCatalogue } from '../../plans/plan-catalogue.ts';
import { overageView, readOverageOf } from './overage-view.ts';
import type { Entitlements } from '../entitlements.ts';
import type { UsageQueues } from '../routing/queues.ts';

export interface Refusal {
  tenantId: string;
  /** In which month the call would have counted. */
  period: Period;
  resourceType: ResourceType;
  /** What was asked for. */
  amount: number;
  used: number;
  held: number;
  limit: Limit;
  /** Only holds are in the way. */
  waits: boolean;
}

/** Holds are gone within seconds as a rule: an answer ends, or its process is known to be dead. */
export const IN_PROGRESS_RETRY_SECONDS = 5;

/**
 * 429 `quota_exceeded` with what is used and held, when it resets, which plans allow more, and which
 * packs of credits would pay for more of it. The `reason` is `in_progress` when only holds are in the
 * way, `quota` when quota and credits are used up, `cap` when overage has come to its cap or waits for a
 * consent to its price, `unpaid` when a bill of it is to be paid first, `not_offered` for what the plan
 * neither includes nor sells beyond.
 */
export async function quotaExceeded(
  deps: {
    clock: Clock;
    entitlements: Entitlements;
    plans: PlanCatalogue;
    queues: Pick<UsageQueues, 'overages'>;
  },
  refusal: Refusal,
): Promise<BillingError> {
  const { tenantId, period, resourceType, used, held, limit, waits: inProgress } = refusal;
  const plan = await deps.entitlements.getPlan(tenantId);
  const isSold = plan.rates[resourceType] !== undefined;
  // Plans that sell no overage have nobody to ask for it.
  const asks = !inProgress && isSold && Object.keys(plan.overage).length > 0;
  const overage = asks ? await readOverageOf(deps, tenantId, period) : undefined;
  // A limit of 0 may also be what was taken away of a quota.
  const isOffered = limit !== 0 || planOffers(plan, resourceType);
  const message = inProgress
    ? 'Quota exceeded by work in progress; try again in a few seconds.'
    : 'Quota exceeded';
  const view = overageView(overage);
  const short = shortReasonOf(view, overage?.account?.isCapped ?? true);
  const data = {
    resource: resourceType,
    limit,
    used,
    held,
    reason: inProgress ? 'in_progress' : isOffered ? short : 'not_offered',
    resetsAt: periodEnd(period).toISOString(),
    plans: plansWithMore(await deps.plans.listNewest(), plan, resourceType),
    // Where nothing more can be paid for, credits would be of no use.
    packs: isSold ? await deps.plans.listPackIds() : [],
    cap: capOf(view),
  };
  const options = { ...retryAfter(deps.clock, period, inProgress), data };
  return withoutStack(() => new BillingError('quota_exceeded', message, options));
}

/** When the call may be sent again: with the next month, and for work of a month that is over never. */
export function retryAfter(
  clock: Clock,
  period: Period,
  inProgress: boolean,
): { retryAfterSeconds?: number } {
  if (inProgress) return { retryAfterSeconds: IN_PROGRESS_RETRY_SECONDS };
  const leftMs = periodEnd(period).getTime() - clock.now().getTime();
  return leftMs > 0 ? { retryAfterSeconds: leftMs / 1000 } : {};
}

/** Where thousands are refused a second, to note from where costs more than the refusal. */
function withoutStack<T>(make: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The cap, where somebody agreed to one, and why that is over: the price rose, say. */
function capOf({ enabled, lapsed, capMinor, usedMinor, currency }: OverageView) {
  return enabled || lapsed ? { capMinor, usedMinor, currency, lapsed } : null;
}
