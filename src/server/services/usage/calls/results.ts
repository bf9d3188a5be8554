import type { Admission } from '../../../../db/repositories/usage/admit.ts';
import type { Clock } from '../../../../domain/clock.ts';
import { BillingError } from '../../../../domain/errors.ts';
import { periodEnd, periodOf } from '../../../../domain/period.ts';
import { plansWithMore } from '../../../../domain/plans.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { PlanCatalogue } from '../../plans/plan-catalogue.ts';
import type { Entitlements } from '../entitlements.ts';

/** What a metered call is answered: the counters right after it. */
export interface Recorded {
  status: 'recorded' | 'duplicate';
  used: number;
  limit: Limit;
  /** `null` without a limit; never negative. */
  remaining: number | null;
}

export interface Refusal {
  tenantId: string;
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
const IN_PROGRESS_RETRY_SECONDS = 5;

/**
 * 429 `quota_exceeded` with what is used and held, when it resets, which plans allow more, and which
 * packs of credits would pay for more of it. The `reason` is `in_progress` when only holds are in the
 * way, `quota` when quota and credits are used up, `not_offered` for what the plan neither includes nor
 * sells beyond.
 */
export async function quotaExceeded(
  deps: { clock: Clock; entitlements: Entitlements; plans: PlanCatalogue },
  refusal: Refusal,
): Promise<BillingError> {
  const { tenantId, resourceType, used, held, limit, waits: inProgress } = refusal;
  const now = deps.clock.now();
  const resetsAt = periodEnd(periodOf(now));
  const plan = await deps.entitlements.getPlan(tenantId);
  const isOffered = limit !== 0 || plan.rates[resourceType] !== undefined;
  const untilReset = (resetsAt.getTime() - now.getTime()) / 1000;
  const message = inProgress
    ? 'Quota exceeded by work in progress; try again in a few seconds.'
    : 'Quota exceeded';
  return new BillingError('quota_exceeded', message, {
    retryAfterSeconds: inProgress ? IN_PROGRESS_RETRY_SECONDS : untilReset,
    data: {
      resource: resourceType,
      limit,
      used,
      held,
      reason: inProgress ? 'in_progress' : isOffered ? 'quota' : 'not_offered',
      resetsAt: resetsAt.toISOString(),
      plans: plansWithMore(await deps.plans.listNewest(), plan, resourceType),
      // Where nothing more can be paid for, credits would be of no use.
      packs: plan.rates[resourceType] === undefined ? [] : await deps.plans.listPackIds(),
    },
  });
}

export function keyConflict(key: string | null): BillingError {
  return new BillingError(
    'idempotency_conflict',
    `The idempotency key "${key}" was used with another body before: use a new key for new usage.`,
    { data: { idempotencyKey: key } },
  );
}

/** `undefined` for what was not recorded: a rejection or a key's other body. */
export function recordedOf(admission: Admission): Recorded | undefined {
  const { outcome, used, limit, remaining } = admission;
  if (outcome === 'accepted') return { status: 'recorded', used, limit, remaining };
  if (outcome === 'repeat_of_accepted') return { status: 'duplicate', used, limit, remaining };
  return undefined;
}
