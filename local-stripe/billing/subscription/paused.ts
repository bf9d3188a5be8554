import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';

/** The `status_details` of a pause that begins now. */
export function pausedBy(
  ctx: Context,
  type: Stripe.Subscription.StatusDetails.Paused.Subscription.Type,
): Stripe.Subscription.StatusDetails {
  return {
    paused: { subscription: { type }, transitioned_at: ctx.now, type: 'subscription' },
  };
}
