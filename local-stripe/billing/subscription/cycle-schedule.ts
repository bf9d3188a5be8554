import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { billingSettings } from '../settings.ts';
import { isEndOfSchedule } from './attached-schedule.ts';

const day = 86_400;

/** When the earliest period of the items ends. */
export function nextCycleAt({ items }: Stripe.Subscription): number {
  return Math.min(...items.data.map((item) => item.current_period_end));
}

/** Has everything fall due that lies ahead of a subscription as it is now. */
export function scheduleCycle(ctx: Context, subscription: Stripe.Subscription): void {
  const { id, cancel_at, trial_end, status } = subscription;
  const at = nextCycleAt(subscription);
  ctx.schedule(at, 'subscription.cycle', id);
  const isSooner = cancel_at !== null && cancel_at < at && !isEndOfSchedule(ctx, subscription);
  if (isSooner) ctx.schedule(cancel_at, 'subscription.cancel', id);
  else ctx.unschedule('subscription.cancel', id);
  const upcomingAt = at - billingSettings(ctx.store).upcomingDays * day;
  if (upcomingAt > ctx.now && status !== 'incomplete') {
    ctx.schedule(upcomingAt, 'subscription.upcoming', id);
  } else {
    ctx.unschedule('subscription.upcoming', id);
  }
  if (status === 'trialing' && trial_end !== null) {
    const warnAt = Math.max(trial_end - 3 * day, ctx.now);
    if (ctx.dueAt('subscription.trial_will_end', id) !== warnAt && warnAt > ctx.now) {
      ctx.schedule(warnAt, 'subscription.trial_will_end', id);
    }
  } else {
    ctx.unschedule('subscription.trial_will_end', id);
  }
}
