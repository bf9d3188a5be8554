import type { SubscriptionView } from '../../domain/api.ts';
import type { Plan, WorseTerm } from '../../domain/plans.ts';
import { endsAt } from './current-plan.ts';

/** Whether the plan will include less, cost more beyond its quota, or both. */
export function directionOf(terms: readonly WorseTerm[]): 'less' | 'dearer' | 'both' {
  const isDearer = (term: WorseTerm) =>
    (term.what === 'rate' || term.what === 'overage') && term.to !== null;
  const dearer = terms.filter(isDearer).length;
  if (dearer === 0) return 'less';
  return dearer === terms.length ? 'dearer' : 'both';
}

/**
 * How a subscription stands to the change that is announced of its plan. `endsAt`: when it ends where it is
 * cancelled now; null for at once. Instants are ISO 8601.
 */
export type Reach =
  | { kind: 'reaches'; endsAt: string | null }
  | { kind: 'of_free' }
  | { kind: 'ends_before' | 'ends_after'; at: string }
  | { kind: 'changes_before'; at: string; next: Plan };

/** Null where nothing is announced. */
export function reachOf(subscription: SubscriptionView): Reach | null {
  const { announcedChange, scheduledChange: next, plan } = subscription;
  if (!announcedChange) return null;
  // Nothing is cancelled there.
  if (plan === 'free') return { kind: 'of_free' };
  const { effectiveAt } = announcedChange;
  const isBefore = (at: string) => new Date(at) <= new Date(effectiveAt);
  const end = endsAt(subscription);
  if (end !== null) return { kind: isBefore(end) ? 'ends_before' : 'ends_after', at: end };
  if (next && next.plan !== plan && isBefore(next.effectiveAt)) {
    return { kind: 'changes_before', at: next.effectiveAt, next: next.plan };
  }
  const isAtOnce = subscription.status === 'past_due' || subscription.pause?.of === 'subscription';
  return { kind: 'reaches', endsAt: isAtOnce ? null : subscription.currentPeriodEnd };
}
