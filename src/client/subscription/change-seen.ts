import type { SubscriptionView, UpgradeResult } from '../../domain/api.ts';
import { endsAt, hasSubscription } from './current-plan.ts';

/**
 * What a change to `priceId` came to whose answer was lost, where the subscription, read anew, shows
 * it; `null` where it does not: then it was not made, or not yet.
 */
export function changeSeen(
  subscription: SubscriptionView | undefined,
  priceId: string,
): UpgradeResult | null {
  if (!subscription) return null;
  const { pendingChange, scheduledChange, currentPeriodStart } = subscription;
  if (pendingChange?.priceId === priceId && pendingChange.payUrl !== null) {
    const { payUrl, expiresAt } = pendingChange;
    return { success: false, effective: 'now', effectiveAt: expiresAt, paymentUrl: payUrl };
  }
  if (scheduledChange?.priceId === priceId) {
    return { success: true, effective: 'period_end', effectiveAt: scheduledChange.effectiveAt };
  }
  if (subscription.priceId !== priceId) return null;
  return { success: true, effective: 'now', effectiveAt: currentPeriodStart ?? '' };
}

/** Whether a cancellation whose answer was lost shows. */
export function isCancelSeen(subscription: SubscriptionView | undefined): boolean {
  return !!subscription && (!hasSubscription(subscription) || endsAt(subscription) !== null);
}

/** Whether it shows that everything planned was taken back. */
export function isResumeSeen(subscription: SubscriptionView | undefined): boolean {
  return (
    !!subscription &&
    hasSubscription(subscription) &&
    endsAt(subscription) === null &&
    subscription.scheduledChange === null
  );
}
