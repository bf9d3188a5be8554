import type { Subscription } from '../../../db/schema/index.ts';
import type { GrowingLimits } from '../../../domain/api.ts';
import { monthLimits, type PlanShare } from '../../../domain/billing/plan-share.ts';
import { periodOf } from '../../../domain/period.ts';
import type { PlanDefinition } from '../../../domain/plans.ts';
import type { PlanCatalogue } from './plan-catalogue.ts';

/** The part of its plan that a subscription has paid; `null` when the plan is whole. */
export function shareOfRow(
  plans: PlanCatalogue,
  row: Pick<Subscription, 'raisedFrom' | 'raisedFromVersion' | 'raisedAt' | 'raisedUntil'>,
): Promise<PlanShare | null> {
  return plans.shareOf({
    base: row.raisedFrom,
    baseVersion: row.raisedFromVersion,
    from: row.raisedAt,
    until: row.raisedUntil,
  });
}

/** What a plan of which only a part is paid has this month; `null` when it is whole. */
export function growingOf(
  plan: PlanDefinition,
  share: PlanShare | null,
  now: Date,
): GrowingLimits | null {
  return (
    share && {
      thisMonth: monthLimits(plan, share, periodOf(now)),
      whole: plan.limits,
      wholeAt: share.until.toISOString(),
    }
  );
}

/** The same for a subscription's row. */
export async function growthOf(
  plans: PlanCatalogue,
  row: Subscription,
  now: Date,
): Promise<GrowingLimits | null> {
  const share = await shareOfRow(plans, row);
  return share && growingOf(await plans.get(row.plan, row.planVersion), share, now);
}
