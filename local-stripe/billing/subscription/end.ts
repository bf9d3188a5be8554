import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { announceEntitlements } from './changed.ts';

/** Ended is final: nothing but a word about it changes any more. */
export function hasEnded({ ended_at }: Stripe.Subscription): boolean {
  return ended_at !== null;
}

/** Throws 400 when the subscription has ended. `what` says what is not done to it any more. */
export function assertNotEnded(subscription: Stripe.Subscription, what: string): void {
  if (!hasEnded(subscription)) return;
  throw invalidRequest(
    `Subscription ${subscription.id} has ended (${subscription.status}): ${what}.`,
    undefined,
    'invalid_canceled_subscription_fields',
  );
}

export interface Ending {
  reason: Stripe.Subscription.CancellationDetails.Reason;
  comment?: string | null;
  feedback?: Stripe.Subscription.CancellationDetails.Feedback | null;
}

/** Ends a subscription now. Its open invoices are no longer collected; nothing is refunded. */
export function endSubscription(
  ctx: Context,
  before: Stripe.Subscription,
  { reason, comment, feedback }: Ending,
): Stripe.Subscription {
  const details = before.cancellation_details;
  const subscription = ctx.store.put('subscription', {
    ...before,
    status: 'canceled',
    canceled_at: before.canceled_at ?? ctx.now,
    ended_at: ctx.now,
    cancellation_details: {
      comment: comment ?? details?.comment ?? null,
      feedback: feedback ?? details?.feedback ?? null,
      feedback_option: details?.feedback_option ?? null,
      reason,
    },
    pending_update: null,
    schedule: null,
  });
  stopWork(ctx, subscription);
  const isDelinquent = reason === 'payment_failed';
  ctx.follow('subscription.ended', { subscription: before, isDelinquent });
  ctx.emit('customer.subscription.deleted', subscription);
  announceEntitlements(ctx, subscription);
  return subscription;
}

/** Nothing of this subscription falls due or waits any more, and nobody charges for it. */
export function stopWork(ctx: Context, { id }: Stripe.Subscription): void {
  ctx.store.remove('_billed', id);
  ctx.store.remove('_pending_update', id);
  for (const kind of [
    'cycle',
    'upcoming',
    'trial_will_end',
    'incomplete',
    'pending_update',
    'collection',
    'cancel',
  ]) {
    ctx.unschedule(`subscription.${kind}`, id);
  }
  for (const invoice of ctx.store.by('invoice', 'subscription', id)) {
    if ((invoice.status !== 'open' && invoice.status !== 'draft') || !invoice.auto_advance)
      continue;
    ctx.unschedule('invoice.finalize', invoice.id);
    ctx.unschedule('invoice.retry', invoice.id);
    ctx.store.put('invoice', {
      ...invoice,
      auto_advance: false,
      automatically_finalizes_at: null,
      next_payment_attempt: null,
    });
  }
}

export function customerOf(ctx: Context, { customer }: Stripe.Subscription): Stripe.Customer {
  return ctx.store.get('customer', idOf(customer));
}
