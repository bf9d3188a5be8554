import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOrNull } from '../../kernel/reference.ts';
import type { Context, DomainEvents } from '../../kernel/types.ts';
import { cancelSubscription } from '../subscription/cancel.ts';
import { scheduleCycle } from '../subscription/cycle-schedule.ts';
import { reflectEnd } from './reflect.ts';
import { scheduleOf } from '../subscription/attached-schedule.ts';

type Schedule = Stripe.SubscriptionSchedule;

/** The subscription ended: so does its schedule, `aborted` when it ended for want of payment. */
export function endScheduleOf(
  ctx: Context,
  { subscription, isDelinquent }: DomainEvents['subscription.ended'],
): void {
  const schedule = scheduleOf(ctx, subscription);
  if (schedule === null || schedule.status !== 'active') return;
  stopSchedule(ctx, schedule.id);
  const canceled = ctx.store.put('subscription_schedule', {
    ...schedule,
    status: 'canceled',
    canceled_at: ctx.now,
    current_phase: null,
  });
  ctx.emit(
    isDelinquent ? 'subscription_schedule.aborted' : 'subscription_schedule.canceled',
    canceled,
  );
}

/** The subscription goes on as it is, without the schedule. */
export function releaseSchedule(
  ctx: Context,
  before: Schedule,
  { preserve_cancel_date: keepsEnd }: Stripe.SubscriptionScheduleReleaseParams = {},
): Schedule {
  assertLive(before);
  if (before.end_behavior === 'cancel' && !keepsEnd) {
    reflectEnd(ctx, { ...before, end_behavior: 'release' });
  }
  const subscriptionId = idOrNull(before.subscription);
  stopSchedule(ctx, before.id);
  const released = ctx.store.put('subscription_schedule', {
    ...before,
    status: 'released',
    released_at: ctx.now,
    released_subscription: subscriptionId,
    subscription: null,
    current_phase: null,
  });
  ctx.emit('subscription_schedule.released', released, {
    status: before.status,
    subscription: subscriptionId,
  });
  const subscription =
    subscriptionId === null ? undefined : ctx.store.find('subscription', subscriptionId);
  if (subscription !== undefined) {
    const free = ctx.update(
      'subscription',
      subscription,
      { schedule: null },
      'customer.subscription.updated',
    );
    if (free.ended_at === null) scheduleCycle(ctx, free);
  }
  return released;
}

/** Cancels the schedule and, with it, its subscription. */
export function cancelSchedule(
  ctx: Context,
  before: Schedule,
  params: Stripe.SubscriptionScheduleCancelParams,
): Schedule {
  assertLive(before);
  const id = idOrNull(before.subscription);
  const subscription = id === null ? undefined : ctx.store.find('subscription', id);
  if (subscription !== undefined && subscription.ended_at === null) {
    cancelSubscription(ctx, subscription, {
      ...(params.invoice_now === undefined ? {} : { invoice_now: params.invoice_now }),
      ...(params.prorate === undefined ? {} : { prorate: params.prorate }),
    });
    const ended = ctx.store.get('subscription_schedule', before.id);
    if (ended.status === 'canceled') return ended;
  }
  stopSchedule(ctx, before.id);
  const canceled = ctx.store.put('subscription_schedule', {
    ...before,
    status: 'canceled',
    canceled_at: ctx.now,
    current_phase: null,
  });
  ctx.emit('subscription_schedule.canceled', canceled);
  return canceled;
}

export function stopSchedule(ctx: Context, id: string): void {
  ctx.unschedule('schedule.phase', id);
  ctx.unschedule('schedule.expiring', id);
}

function assertLive({ id, status }: Schedule): void {
  if (status === 'active' || status === 'not_started') return;
  throw invalidRequest(
    `You cannot change the subscription schedule ${id}: its status is ${status}.`,
  );
}
