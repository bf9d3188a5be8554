import type { Stripe } from 'stripe';
import type { CallTimeouts } from './client/client.ts';
import { isMissing, isRefused } from './client/errors.ts';

/**
 * Lets the subscription end: with what is paid, or at the instant `at` (unix seconds). `comment` is
 * the customer's reason.
 */
export async function setEnd(
  stripe: Stripe,
  values: { subscriptionId: string; at: number | null; comment: string | null },
  timeouts: CallTimeouts,
): Promise<void> {
  const { subscriptionId, at, comment } = values;
  await stripe.subscriptions.update(
    subscriptionId,
    {
      ...(at === null ? { cancel_at_period_end: true } : { cancel_at: at }),
      ...(comment ? { cancellation_details: { comment } } : {}),
    },
    timeouts,
  );
}

/** Ends the subscription now, without credit. One that is over or gone already is fine. */
export async function cancelNow(
  stripe: Stripe,
  { subscriptionId, comment }: { subscriptionId: string; comment: string | null },
  timeouts: CallTimeouts,
): Promise<void> {
  try {
    await stripe.subscriptions.cancel(
      subscriptionId,
      comment ? { cancellation_details: { comment } } : {},
      timeouts,
    );
  } catch (error) {
    if (isMissing(error)) return;
    if (!isRefused(error) || !(await isOver(stripe, subscriptionId, timeouts))) throw error;
  }
}

async function isOver(
  stripe: Stripe,
  subscriptionId: string,
  timeouts: CallTimeouts,
): Promise<boolean> {
  const { status } = await stripe.subscriptions.retrieve(subscriptionId, {}, timeouts);
  return status === 'canceled' || status === 'incomplete_expired';
}

/**
 * Takes a planned end back. Stripe keeps it in one of two forms and refuses to be sent both, so
 * the one that is set is cleared.
 */
export async function clearEnd(
  stripe: Stripe,
  { subscriptionId, withPeriod }: { subscriptionId: string; withPeriod: boolean },
  timeouts: CallTimeouts,
): Promise<void> {
  const cleared = withPeriod ? { cancel_at_period_end: false } : { cancel_at: '' as const };
  await stripe.subscriptions.update(subscriptionId, cleared, timeouts);
}
