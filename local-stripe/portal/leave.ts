import type Stripe from 'stripe';
import type { Kernel } from '../kernel/kernel.ts';
import type { Context } from '../kernel/types.ts';
import { callApi } from './api.ts';
import { releaseSchedule } from './change-plan.ts';

type CancelFeature = Stripe.BillingPortal.Configuration.Features['subscription_cancel'];

export interface CancelReason {
  feedback: string | null;
  comment: string | null;
}

/**
 * Cancels as the configuration says. At the period's end a flexible subscription gets a `cancel_at`
 * and a classic one the boolean, as Stripe's portal does it.
 */
export function cancelInPortal(
  kernel: Kernel,
  ctx: Context,
  feature: CancelFeature,
  subscription: Stripe.Subscription,
  reason: CancelReason,
): Stripe.Subscription {
  releaseSchedule(kernel, ctx, subscription);
  const cancellation_details = {
    ...(reason.feedback === null ? {} : { feedback: reason.feedback }),
    ...(reason.comment === null ? {} : { comment: reason.comment }),
  };
  if (feature.mode === 'immediately') {
    const prorate = feature.proration_behavior === 'create_prorations';
    return callApi(kernel, ctx, 'DELETE /v1/subscriptions/:id', subscription.id, {
      prorate,
      invoice_now: prorate,
      cancellation_details,
    });
  }
  const isFlexible = subscription.billing_mode.type === 'flexible';
  return callApi(kernel, ctx, 'POST /v1/subscriptions/:id', subscription.id, {
    ...(isFlexible ? { cancel_at: 'max_period_end' } : { cancel_at_period_end: true }),
    cancellation_details,
  });
}

/** Takes a planned cancellation back, in whichever form it was set. */
export function resumeInPortal(
  kernel: Kernel,
  ctx: Context,
  subscription: Stripe.Subscription,
): Stripe.Subscription {
  const params = subscription.cancel_at_period_end
    ? { cancel_at_period_end: false }
    : { cancel_at: null };
  return callApi(kernel, ctx, 'POST /v1/subscriptions/:id', subscription.id, params);
}
