import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { subscriptionIdOf } from '../invoice/subscription-of.ts';
import { voidInvoice } from '../invoice/void.ts';
import { announceEntitlements } from './changed.ts';
import { nextCycleAt, scheduleCycle } from './cycle-schedule.ts';
import { resumeNow } from './resume-now.ts';

/** Whether the invoice is that of a change which waits for its payment. */
export function isPendingInvoice(ctx: Context, invoice: Stripe.Invoice): boolean {
  const subscription = subscriptionIdOf(invoice);
  if (subscription === null) return false;
  return ctx.store.find('_pending_update', subscription)?.invoice === invoice.id;
}

/** The change was paid: it happens now. */
export function applyPendingUpdate(ctx: Context, before: Stripe.Subscription): void {
  const pending = ctx.store.get('_pending_update', before.id);
  ctx.store.remove('_pending_update', before.id);
  ctx.unschedule('subscription.pending_update', before.id);
  ctx.store.put('_billed', { id: before.id, debits: pending.debits });
  if (before.status === 'paused') {
    const resumed = resumeNow(ctx, before, { ...before, ...pending.patch });
    announceEntitlements(ctx, resumed);
    return;
  }
  const next = { ...before, ...pending.patch };
  const subscription = ctx.update('subscription', before, {
    ...pending.patch,
    // An end at the period's end that was asked for meanwhile goes with the period.
    ...(next.cancel_at_period_end ? { cancel_at: nextCycleAt(next) } : {}),
    pending_update: null,
  });
  ctx.emit('customer.subscription.pending_update_applied', subscription);
  // The same change as an update like any other, for whoever listens to that alone.
  ctx.emit('customer.subscription.updated', subscription, {
    items: before.items,
    pending_update: before.pending_update,
  });
  scheduleCycle(ctx, subscription);
  announceEntitlements(ctx, subscription);
}

/** It was not paid in time: it never happens, and its invoice is void. */
export function expirePendingUpdate(ctx: Context, id: string): void {
  const before = ctx.store.find('subscription', id);
  if (before !== undefined) dropPendingUpdate(ctx, before);
}

/**
 * The change that waits, if one does, never happens: its invoice is void. Answers the subscription
 * without it.
 */
export function dropPendingUpdate(ctx: Context, before: Stripe.Subscription): Stripe.Subscription {
  const pending = ctx.store.find('_pending_update', before.id);
  if (pending === undefined) return before;
  const invoice = ctx.store.get('invoice', idOf(pending.invoice));
  // Whoever voids the invoice gives the change up.
  if (invoice.status === 'open' || invoice.status === 'uncollectible') voidInvoice(ctx, invoice);
  else givePendingUpdateUp(ctx, before.id);
  return ctx.store.get('subscription', before.id);
}

/** Forgets the change whose invoice was voided, however that came. */
export function givePendingUpdateUp(ctx: Context, id: string): void {
  ctx.store.remove('_pending_update', id);
  ctx.unschedule('subscription.pending_update', id);
  const before = ctx.store.get('subscription', id);
  // Of a resumption that waits for its payment nothing is told: the subscription stays paused.
  if (before.pending_update === null) return;
  const subscription = ctx.update('subscription', before, { pending_update: null });
  ctx.emit('customer.subscription.pending_update_expired', subscription);
}
