import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { phaseItemsOf } from './build.ts';

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

/**
 * The end that a schedule brings stands on its subscription too, from when the schedule says so; it
 * goes with the schedule, unless the release is told to keep it.
 */
export function reflectEnd(
  ctx: Context,
  schedule: Pick<Stripe.SubscriptionSchedule, 'subscription' | 'end_behavior' | 'phases'>,
): void {
  const id = idOrNull(schedule.subscription);
  const subscription = id === null ? undefined : ctx.store.find('subscription', id);
  if (subscription === undefined || subscription.ended_at !== null) return;
  const cancel_at = schedule.end_behavior === 'cancel' ? schedule.phases.at(-1)!.end_date : null;
  if (subscription.cancel_at === cancel_at) return;
  const canceled_at = cancel_at === null ? null : ctx.now;
  const patch = { cancel_at, canceled_at, cancel_at_period_end: false };
  ctx.update('subscription', subscription, patch, 'customer.subscription.updated');
}

/** Whether the end that stands on the subscription is its schedule's, and comes with that. */
export function isEndOfSchedule(ctx: Context, subscription: Stripe.Subscription): boolean {
  const schedule = scheduleOf(ctx, subscription);
  return schedule?.status === 'active' && schedule.end_behavior === 'cancel';
}

/** Items changed on the subscription itself are what its current phase consists of from now on. */
export function reflectInSchedule(ctx: Context, subscription: Stripe.Subscription): void {
  const schedule = scheduleOf(ctx, subscription);
  if (schedule === null || schedule.current_phase === null) return;
  const { start_date } = schedule.current_phase;
  const phases = schedule.phases.map((phase) => {
    return phase.start_date === start_date
      ? { ...phase, items: phaseItemsOf(subscription) }
      : phase;
  });
  ctx.update('subscription_schedule', schedule, { phases }, 'subscription_schedule.updated');
}

export function scheduleOf(
  ctx: Context,
  subscription: Stripe.Subscription,
): Stripe.SubscriptionSchedule | null {
  const id = idOrNull(subscription.schedule);
  return id === null ? null : (ctx.store.find('subscription_schedule', id) ?? null);
}
