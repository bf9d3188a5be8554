import type Stripe from 'stripe';
import { pauseSubscription, resumeSubscription } from '../billing/subscription/pause.ts';
import { boundary } from '../billing/calendar.ts';
import { idOrNull } from '../kernel/reference.ts';
import type { Context } from '../kernel/types.ts';

type PauseFeature = Stripe.BillingPortal.Configuration.Features['subscription_pause'];

/** The instants at which a pause may end by itself; empty where it lasts until it is ended. */
export function pauseEnds(ctx: Context, feature: PauseFeature): number[] {
  if (feature.duration.type !== 'interval_options') return [];
  return feature.duration.interval_options.map((option) => boundary(ctx.now, option, 1));
}

/** Pauses a subscription; with `until` (unix seconds) it resumes by itself then. */
export function pauseInPortal(
  ctx: Context,
  subscription: Stripe.Subscription,
  until: number | null,
): Stripe.Subscription {
  const paused = pauseSubscription(ctx, subscription, { type: 'subscription' });
  if (until !== null) ctx.schedule(until, 'portal.resume', subscription.id);
  return paused;
}

export function unpauseInPortal(
  ctx: Context,
  subscription: Stripe.Subscription,
): Stripe.Subscription {
  ctx.unschedule('portal.resume', subscription.id);
  return resumeSubscription(ctx, subscription, {});
}

/** Due work: the end of a pause that was asked for in the portal. */
export function resumeWhenDue(ctx: Context, id: string): void {
  const subscription = ctx.store.find('subscription', id);
  if (subscription?.status !== 'paused') return;
  const clock = idOrNull(ctx.store.find('customer', subscription.customer as string)?.test_clock);
  resumeSubscription(ctx.onClock(clock), subscription, {});
}
