import type { SubscriptionView } from '../../domain/api.ts';
import type { Plan } from '../../domain/plans.ts';

/** What the line under the plan's name says. Instants are ISO 8601. */
export type CurrentLabel =
  | { kind: 'free' }
  | { kind: 'trial_used' }
  | { kind: 'ended'; at: string }
  | { kind: 'renews'; at: string }
  | { kind: 'ends'; at: string }
  | { kind: 'trial'; at: string; thenFree: boolean }
  | { kind: 'past_due' }
  | { kind: 'paused' }
  | { kind: 'scheduled'; at: string; next: Plan };

export type CurrentStatus = 'active' | 'trialing' | 'past_due' | 'paused' | 'canceled' | 'ending';

/** When access ends, in whichever form the cancellation was set; `null` when it goes on. */
export function endsAt(subscription: SubscriptionView): string | null {
  if (subscription.cancelAt !== null) return subscription.cancelAt;
  return subscription.cancelAtPeriodEnd ? subscription.currentPeriodEnd : null;
}

/** True when there is a paid subscription to change, cancel or pay for. */
export function hasSubscription(subscription: SubscriptionView): boolean {
  return subscription.priceId !== null && subscription.status !== 'canceled';
}

export function describeCurrent(subscription: SubscriptionView): CurrentLabel {
  if (!hasSubscription(subscription)) {
    if (subscription.endReason === 'trial_used') return { kind: 'trial_used' };
    const { status, cancelAt } = subscription;
    return status === 'canceled' && cancelAt ? { kind: 'ended', at: cancelAt } : { kind: 'free' };
  }
  if (subscription.pause?.of === 'subscription') return { kind: 'paused' };
  if (subscription.status === 'past_due') return { kind: 'past_due' };
  const end = endsAt(subscription);
  if (subscription.status === 'trialing' && subscription.trialEnd !== null) {
    return { kind: 'trial', at: subscription.trialEnd, thenFree: end !== null };
  }
  if (end !== null) return { kind: 'ends', at: end };
  const { scheduledChange, currentPeriodEnd } = subscription;
  if (scheduledChange) {
    return { kind: 'scheduled', at: scheduledChange.effectiveAt, next: scheduledChange.plan };
  }
  return currentPeriodEnd === null ? { kind: 'free' } : { kind: 'renews', at: currentPeriodEnd };
}

export function statusOf(subscription: SubscriptionView): CurrentStatus {
  const { status } = subscription;
  // Ours calls it past due, as it gives no access; there is no debt in it.
  if (hasSubscription(subscription) && subscription.pause?.of === 'subscription') return 'paused';
  return (status === 'active' || status === 'trialing') && endsAt(subscription) !== null
    ? 'ending'
    : status;
}
