import { comparePlans, type Plan } from '../plans.ts';
import { byAge, type Age } from './subscription-age.ts';
import { meaningOf, parseStripeStatus, standingOf } from './subscription-status.ts';
import type { SubscriptionStatus } from './subscription-view.ts';

const DAY_MS = 24 * 3600 * 1000;

/** What an operator gave beyond the days of grace. */
export interface GraceExtension {
  /** First instant without access. */
  graceUntil: Date | null;
  /** Since when money was missing when it was given: it holds for those arrears alone. */
  graceFor: Date | null;
}

const NOT_EXTENDED: GraceExtension = { graceUntil: null, graceFor: null };

/** An operator may give so many days from now at most. */
export const GRACE_EXTENSION_DAYS_MAX = 30;

/** What the access decision needs of a subscription row. */
export interface AccessFacts extends Partial<GraceExtension> {
  /** What it pays for: the last known plan when its price is not in the catalogue. */
  plan: Plan;
  /** Ours; for a status that we do not know, the one it had before. */
  status: SubscriptionStatus;
  stripeStatus: string;
  pastDueSince: Date | null;
}

/** What the choice among several needs of each. */
interface RankFacts extends AccessFacts, Age {
  /** When it ended; null while it has not. */
  endedAt: Date | null;
}

/**
 * First instant without access for a subscription that is past due since `pastDueSince`: after the days of
 * grace, or later where an operator gave that for these arrears. When another invoice is the unpaid one,
 * `pastDueSince` is another, and what was given is over.
 */
export function graceEndsAt(
  pastDueSince: Date,
  graceDays: number,
  { graceUntil, graceFor }: Partial<GraceExtension> = NOT_EXTENDED,
): Date {
  const usual = new Date(pastDueSince.getTime() + graceDays * DAY_MS);
  const isGiven = graceUntil && isExtended({ graceFor, pastDueSince });
  return isGiven && graceUntil > usual ? graceUntil : usual;
}

/** Whether what an operator gave is for the arrears that there are now. */
export function isExtended(row: {
  graceFor?: Date | null | undefined;
  pastDueSince: Date | null;
}): boolean {
  return row.pastDueSince !== null && row.graceFor?.getTime() === row.pastDueSince.getTime();
}

/**
 * Whether the subscription gives its plan at `now`. Trialing and active do; past due does for the
 * days of grace, or for longer where an operator gave it; unpaid, incomplete, paused and ended ones do not. A status that we do not know
 * gives what the subscription gave before: nothing new, and nothing is taken.
 */
export function givesAccess(facts: AccessFacts, now: Date, graceDays: number): boolean {
  const known = parseStripeStatus(facts.stripeStatus);
  const access = known ? meaningOf(known).access : ACCESS_OF_STATUS[facts.status];
  if (access !== 'grace') return access === 'plan';
  return facts.pastDueSince !== null && now < graceEndsAt(facts.pastDueSince, graceDays, facts);
}

const ACCESS_OF_STATUS = {
  active: 'plan',
  trialing: 'plan',
  past_due: 'grace',
  canceled: 'none',
} as const;

export interface Entitlement<T> {
  /** The effective plan. */
  plan: Plan;
  /** The subscription to show: what gives the plan, else what is owed, else what ended last. */
  subscription: T | undefined;
  /** The subscription that the plan comes from; `undefined` on free. */
  source: T | undefined;
}

/**
 * The tenant's entitlement from all its subscriptions: the highest plan that any of them gives.
 * Between equals the newer one is shown.
 */
export function effectiveSubscription<T extends RankFacts>(
  subscriptions: readonly T[],
  now: Date,
  graceDays: number,
): Entitlement<T> {
  const newestFirst = [...subscriptions].sort((a, b) => byAge(b, a));
  const source = newestFirst
    .filter((one) => one.plan !== 'free' && givesAccess(one, now, graceDays))
    .reduce<T | undefined>(
      (best, one) => (best && comparePlans(best.plan, one.plan) >= 0 ? best : one),
      undefined,
    );
  const counting = newestFirst.reduce<T | undefined>(
    (best, one) => (best && counts(best, one) >= 0 ? best : one),
    undefined,
  );
  return { plan: source?.plan ?? 'free', source, subscription: source ?? counting };
}

/** Above 0 when `a` goes before `b`, 0 when their age decides. */
function counts(a: RankFacts, b: RankFacts): number {
  const standing = standingOf(a.stripeStatus) - standingOf(b.stripeStatus);
  if (standing !== 0) return standing;
  return (a.endedAt?.getTime() ?? 0) - (b.endedAt?.getTime() ?? 0);
}
