import { periodEnd, periodStart, type Period } from '../period.ts';
import { comparePlans, type Plan, type PlanDefinition, type PlanLimits } from '../plans.ts';
import { RESOURCE_TYPES, type Limit } from '../quota.ts';

/** A higher plan of which a part of a period is paid: from when to when, and what was paid whole. */
export interface PlanShare {
  base: Pick<PlanDefinition, 'plan' | 'limits'>;
  from: Date;
  until: Date;
}

/** How much of the month the part covers, in seconds. */
export function sharedSeconds({ from, until }: Omit<PlanShare, 'base'>, period: Period): number {
  const start = Math.max(from.getTime(), periodStart(period).getTime());
  const end = Math.min(until.getTime(), periodEnd(period).getTime());
  return Math.max(0, Math.floor((end - start) / 1000));
}

/**
 * A month's limit while a part is paid: the old one, and of the difference what the paid seconds
 * are of the month's, rounded up. Never below the old one, never above the new. An unlimited plan
 * cannot be shared out: it begins with a whole period. The database has the same rule
 * (`usage_limit_of`), because it opens a month's counters by itself.
 */
export function shareOfLimit(base: Limit, full: Limit, seconds: number, total: number): Limit {
  if (base === null || full === null) return base;
  if (full <= base) return base;
  return Math.min(full, base + Math.ceil(((full - base) * seconds) / total));
}

/** The limits of a month on a plan: whole, or while a part is paid the share. */
export function monthLimits(
  { plan, limits: full }: Pick<PlanDefinition, 'plan' | 'limits'>,
  share: PlanShare | null,
  period: Period,
): PlanLimits {
  if (!share || comparePlans(share.base.plan, plan) > 0) return full;
  const base = share.base.limits;
  const total = (periodEnd(period).getTime() - periodStart(period).getTime()) / 1000;
  const seconds = sharedSeconds(share, period);
  return Object.fromEntries(
    RESOURCE_TYPES.map((one) => [one, shareOfLimit(base[one], full[one], seconds, total)]),
  ) as PlanLimits;
}

/** What a subscription was when it was last read, as far as a share of its plan matters. */
export interface RaiseFacts {
  plan: Plan;
  /** Null in what the version before wrote. */
  planVersion: number | null;
  stripePriceId: string;
  stripeStatus: string;
  currentPeriodStart: Date | null;
  raisedFrom: Plan | null;
  raisedFromVersion: number | null;
  raisedAt: Date | null;
  raisedUntil: Date | null;
}

export type Raise = Pick<
  RaiseFacts,
  'raisedFrom' | 'raisedFromVersion' | 'raisedAt' | 'raisedUntil'
>;

const WHOLE: Raise = {
  raisedFrom: null,
  raisedFromVersion: null,
  raisedAt: null,
  raisedUntil: null,
};

/**
 * Whether only a part of a period of the present plan is paid. A higher plan that begins within a
 * period is, and so is another version of the same plan by another price; it is whole with the first paid invoice of a later period, with a change that begins a
 * new period, and from the beginning for first purchases and trials.
 */
export function raiseOf(
  now: {
    plan: Plan;
    planVersion: number | null;
    stripePriceId: string;
    stripeStatus: string;
    currentPeriodStart: Date;
    currentPeriodEnd: Date;
    latestInvoicePaid: boolean;
    /** When the change was charged, or was seen. */
    changedAt: Date;
    /** Whether the latest invoice is for a change within the period, and not for the period. */
    chargedWithin: boolean;
  },
  before: RaiseFacts | undefined,
): Raise {
  if (!before || now.stripeStatus === 'trialing' || before.stripeStatus === 'trialing')
    return WHOLE;
  const samePeriod = before.currentPeriodStart?.getTime() === now.currentPeriodStart.getTime();
  if (comparePlans(now.plan, before.plan) > 0 || hasOtherVersion(now, before)) {
    // The renewal before it may have gone by unseen: then the invoice says when it began.
    if (before.plan === 'free' || !(samePeriod || now.chargedWithin)) return WHOLE;
    return {
      raisedFrom: before.raisedFrom ?? before.plan,
      raisedFromVersion: before.raisedFrom ? before.raisedFromVersion : before.planVersion,
      raisedAt: before.raisedAt ?? now.changedAt,
      raisedUntil: now.currentPeriodEnd,
    };
  }
  const { raisedFrom, raisedFromVersion, raisedAt, raisedUntil } = before;
  if (raisedFrom === null || comparePlans(now.plan, raisedFrom) < 0) return WHOLE;
  const isBack = (raisedFromVersion ?? now.planVersion) === now.planVersion;
  if (now.plan === raisedFrom && isBack) return WHOLE;
  const begun = raisedUntil !== null && now.currentPeriodStart >= raisedUntil;
  if (now.stripeStatus === 'active' && (begun || !samePeriod) && now.latestInvoicePaid)
    return WHOLE;
  return { raisedFrom, raisedFromVersion, raisedAt, raisedUntil };
}

/** The same plan by another price, which was sold with other limits. */
function hasOtherVersion(
  now: Pick<RaiseFacts, 'plan' | 'planVersion' | 'stripePriceId'>,
  before: RaiseFacts,
): boolean {
  if (now.plan !== before.plan || now.stripePriceId === before.stripePriceId) return false;
  return before.planVersion !== null && now.planVersion !== before.planVersion;
}
