import { scheduleOf } from '../subscription/attached-schedule.ts';
import type Stripe from 'stripe';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context, DomainEvents } from '../../kernel/types.ts';
import { phaseItemsOf } from './build.ts';

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

/** Items changed on the subscription itself are what its current phase consists of from now on. */
export function reflectInSchedule(
  ctx: Context,
  { subscription }: DomainEvents['subscription.changed'],
): void {
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
