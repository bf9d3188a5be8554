import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { subscriptionIdOf } from '../invoice/subscription-of.ts';
import { voidInvoice } from '../invoice/void.ts';
import { announceEntitlements } from './changed.ts';
import { scheduleCycle } from './cycle-schedule.ts';
import { resumeNow } from './pause.ts';

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
  const patch = { ...pending.patch, pending_update: null };
  const subscription = ctx.update('subscription', before, patch);
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
  const pending = ctx.store.find('_pending_update', id);
  if (before === undefined || pending === undefined) return;
  dropPendingUpdate(ctx, before);
  const subscription = ctx.update('subscription', before, { pending_update: null });
  ctx.emit('customer.subscription.pending_update_expired', subscription);
}

/** Forgets the change and voids its invoice. */
export function dropPendingUpdate(ctx: Context, { id }: Stripe.Subscription): void {
  const pending = ctx.store.find('_pending_update', id);
  if (pending === undefined) return;
  ctx.store.remove('_pending_update', id);
  ctx.unschedule('subscription.pending_update', id);
  const invoice = ctx.store.get('invoice', idOf(pending.invoice));
  if (invoice.status === 'open') voidInvoice(ctx, invoice);
}
