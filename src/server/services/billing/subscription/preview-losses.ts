import type { ChangePreview } from '../../../../domain/api.ts';
import { countMembers } from '../../../../db/repositories/accounts/membership.repository.ts';
import type { OverageOfChange } from '../../../../domain/billing/overage.ts';
import { periodOf } from '../../../../domain/period.ts';
import { FEATURES, planHasFeature, type PlanDefinition } from '../../../../domain/plans.ts';
import { RESOURCE_TYPES } from '../../../../domain/quota.ts';
import type { LiveSubscription } from '../intents/stripe-state.ts';
import type { Requester } from '../requester.ts';
import type { BillingDeps } from './change-billing.ts';

export type Lost = Pick<
  ChangePreview,
  'lostFeatures' | 'lowerLimits' | 'fewerSeats' | 'exceededQuotas' | keyof OverageOfChange
>;

/** The plan that one has and the one that the change would bring, in the versions of their prices. */
export interface PlansOfChange {
  from: PlanDefinition;
  to: PlanDefinition;
}

/** Choosing a plan takes a planned end back, and replaces another change that was planned. */
export function takenBack(
  { endsAt, facts }: LiveSubscription,
  priceId: string,
): ChangePreview['takesBack'] {
  if (endsAt !== null) return 'end';
  const planned = facts.schedule?.changes?.priceId;
  return planned !== undefined && planned !== priceId ? 'change' : null;
}

/**
 * What the new plan has not, or less of; what is over its limits already; and what becomes of overage.
 * Quotas are counted by the month: what is used now says nothing of the month in which a later change begins.
 */
export async function whatIsLost(
  billing: Pick<BillingDeps, 'db' | 'usage'>,
  requester: Requester,
  { from, to }: PlansOfChange,
  { effectiveAt, currency }: Pick<ChangePreview, 'effectiveAt' | 'currency'>,
): Promise<Lost> {
  const { period, resources } = await billing.usage.getUsageStats(requester.tenantId);
  const counts = periodOf(new Date(effectiveAt)) === period;
  const minorPerCredit = to.overage[currency];
  return {
    ...(await billing.usage.credits.overageWith(
      requester.tenantId,
      minorPerCredit === undefined ? null : { currency, minorPerCredit },
    )),
    lostFeatures: FEATURES.filter((one) => planHasFeature(from, one) && !planHasFeature(to, one)),
    lowerLimits: RESOURCE_TYPES.map((resourceType) => ({
      resourceType,
      from: from.limits[resourceType],
      to: to.limits[resourceType],
    })).filter((one) => (one.to ?? Infinity) < (one.from ?? Infinity)),
    fewerSeats:
      to.seats < from.seats
        ? { from: from.seats, to: to.seats, people: await countMembers(billing.db, requester) }
        : null,
    exceededQuotas: resources.flatMap(({ resourceType, used, beyond }) => {
      const limit = to.limits[resourceType];
      // What credits paid takes nothing of a quota, of the new one neither.
      const isOver = counts && limit !== null && used - beyond > limit;
      return isOver ? { resourceType, used, limit } : [];
    }),
  };
}
