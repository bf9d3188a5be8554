import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { scheduleCycle } from './cycle-schedule.ts';

/** A paused subscription goes on as `next` says: announced as resumed. */
export function resumeNow(
  ctx: Context,
  before: Stripe.Subscription,
  next: Stripe.Subscription,
): Stripe.Subscription {
  const { status_details: _details, ...rest } = next;
  const resumed = ctx.store.put('subscription', rest);
  ctx.emit('customer.subscription.resumed', resumed);
  ctx.emit('customer.subscription.updated', resumed, {
    status: before.status,
    items: before.items,
    latest_invoice: before.latest_invoice,
  });
  scheduleCycle(ctx, resumed);
  return resumed;
}
