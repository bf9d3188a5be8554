import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';

const managed = ['cancel_at', 'cancel_at_period_end', 'pause_collection'];

/** While a schedule rules, when the subscription ends is the schedule's affair. */
export function assertNotScheduled(params: readonly string[]): void {
  const direct = params.find((name) => managed.includes(name));
  if (direct === undefined) return;
  throw invalidRequest(
    `The subscription is managed by a subscription schedule, and updating \`${direct}\` directly is not allowed. Please update the schedule instead, or release it.`,
    direct,
  );
}

/** Whether the end that stands on the subscription is its schedule's, and comes with that. */
export function isEndOfSchedule(ctx: Context, subscription: Stripe.Subscription): boolean {
  const schedule = scheduleOf(ctx, subscription);
  return schedule?.status === 'active' && schedule.end_behavior === 'cancel';
}

export function scheduleOf(
  ctx: Context,
  subscription: Stripe.Subscription,
): Stripe.SubscriptionSchedule | null {
  const id = idOrNull(subscription.schedule);
  return id === null ? null : (ctx.store.find('subscription_schedule', id) ?? null);
}
