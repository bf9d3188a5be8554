import type { Plan } from '../plans.ts';
import { byAge, type Age } from './subscription-age.ts';
import { isLive, parseStripeStatus, standingOf } from './subscription-status.ts';

export interface DuplicateCandidate extends Age {
  stripeStatus: string;
  /** `free` when its price is none of ours. */
  plan: Plan;
}

/**
 * Which of a tenant's live subscriptions are one too many. The one of the highest standing stays:
 * what is paid up, then what is owed, then the rest; of several that are paid up the oldest, because
 * the later ones were bought by mistake, of several others the newest. What carries no plan of ours,
 * or a status that we do not know, is nobody's rival: it is left to a person.
 */
export function duplicatesToEnd<T extends DuplicateCandidate>(subscriptions: readonly T[]): T[] {
  const live = subscriptions.filter((one) => isLive(one.stripeStatus));
  if (live.some((one) => parseStripeStatus(one.stripeStatus) === undefined)) return [];
  return live
    .filter((one) => one.plan !== 'free')
    .sort(byRank)
    .slice(1);
}

const PAID_UP = standingOf('active');

function byRank(a: DuplicateCandidate, b: DuplicateCandidate): number {
  const standing = standingOf(b.stripeStatus) - standingOf(a.stripeStatus);
  if (standing !== 0) return standing;
  return standingOf(a.stripeStatus) === PAID_UP ? byAge(a, b) : byAge(b, a);
}
