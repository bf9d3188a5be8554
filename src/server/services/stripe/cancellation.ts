import type { Stripe } from 'stripe';
import { isMissing, isRefused } from './errors.ts';
import {
  readSubscription,
  SUBSCRIPTION_EXPAND,
  type SubscriptionSnapshot,
} from './subscription-snapshot.ts';

const expand = SUBSCRIPTION_EXPAND;

/** Lets the subscription end with what is paid. `comment` is the customer's reason. */
export async function cancelAtPeriodEnd(
  stripe: Stripe,
  subscriptionId: string,
  comment: string | undefined,
): Promise<SubscriptionSnapshot> {
  const answer = await stripe.subscriptions.update(subscriptionId, {
    cancel_at_period_end: true,
    ...(comment ? { cancellation_details: { comment } } : {}),
    expand,
  });
  return readSubscription(answer);
}

/** Ends the subscription now, without credit. One that is over or gone already is fine. */
export async function cancelNow(
  stripe: Stripe,
  subscriptionId: string,
  comment?: string,
): Promise<void> {
  try {
    await stripe.subscriptions.cancel(
      subscriptionId,
      comment ? { cancellation_details: { comment } } : {},
    );
  } catch (error) {
    if (isMissing(error)) return;
    if (!isRefused(error) || !(await isOver(stripe, subscriptionId))) throw error;
  }
}

async function isOver(stripe: Stripe, subscriptionId: string): Promise<boolean> {
  const { status } = await stripe.subscriptions.retrieve(subscriptionId);
  return status === 'canceled' || status === 'incomplete_expired';
}

/**
 * Takes a planned end back. Stripe keeps it in one of two forms and refuses to be sent both, so
 * the one that is set is cleared.
 */
export async function clearCancellation(
  stripe: Stripe,
  subscription: SubscriptionSnapshot,
): Promise<SubscriptionSnapshot> {
  const cleared = subscription.cancelAtPeriodEnd
    ? { cancel_at_period_end: false }
    : { cancel_at: '' as const };
  return readSubscription(
    await stripe.subscriptions.update(subscription.id, { ...cleared, expand }),
  );
}
