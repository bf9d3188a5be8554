import type Stripe from 'stripe';
import { noSuch } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { advanceInvoice } from '../invoice/advance.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { createInvoiceItem, pendingItems } from '../invoice/items.ts';
import { voidInvoice } from '../invoice/void.ts';
import { announceEntitlements } from './changed.ts';
import { outstandingUsage } from './charges.ts';
import { customerOf, endSubscription, stopWork } from './end.ts';
import { dropPendingUpdate } from './pending-update.ts';
import { creditLines } from './proration.ts';

/** `DELETE /v1/subscriptions/:id`: ends it now. */
export function cancelSubscription(
  global: Context,
  found: Stripe.Subscription,
  params: Stripe.SubscriptionCancelParams,
): Stripe.Subscription {
  const ctx = global.onClock(idOrNull(found.test_clock));
  if (found.ended_at !== null) throw noSuch('subscription', found.id);
  const before = dropPendingUpdate(ctx, found);
  const details = params.cancellation_details;
  const ending = {
    reason: 'cancellation_requested' as const,
    comment: details?.comment || null,
    feedback: (details?.feedback ||
      null) as Stripe.Subscription.CancellationDetails.Feedback | null,
  };
  if (before.status === 'incomplete') return abandon(ctx, before);
  if (params.prorate) {
    for (const line of creditLines(ctx, before, before.items.data, ctx.now)) {
      createInvoiceItem(ctx, idOf(before.customer), line, null);
    }
  }
  // An end that was planned has been overtaken.
  const current = {
    ...before,
    cancel_at: null,
    cancel_at_period_end: false,
  };
  const final = params.invoice_now ? draftFinalInvoice(ctx, current, true) : null;
  const latest = final === null ? {} : { latest_invoice: final.id };
  const ended = endSubscription(ctx, { ...current, ...latest }, ending);
  if (final !== null) billFinal(ctx, final);
  return ctx.store.get('subscription', ended.id);
}

/** The end that was asked for has come: the period is over, or `cancel_at` is reached. */
export function cancelAtEnd(ctx: Context, subscription: Stripe.Subscription): void {
  const final = draftFinalInvoice(ctx, subscription, false);
  const latest = final === null ? {} : { latest_invoice: final.id };
  const reason = subscription.cancellation_details?.reason ?? 'cancellation_requested';
  endSubscription(ctx, { ...subscription, ...latest }, { reason });
  if (final !== null) billFinal(ctx, final);
}

/** `cancel_at` lies before the end of a period. */
export function cancelAtReached(ctx: Context, id: string): void {
  const subscription = ctx.store.find('subscription', id);
  if (subscription === undefined || subscription.ended_at !== null) return;
  if (subscription.cancel_at === null || subscription.cancel_at > ctx.now) return;
  cancelAtEnd(ctx, subscription);
}

/** 23 hours have passed without a first payment. */
export function incompleteExpired(ctx: Context, id: string): void {
  const subscription = ctx.store.find('subscription', id);
  if (subscription?.status === 'incomplete') abandon(ctx, subscription);
}

/** A subscription that never came to life: its invoice is void, and it never changes again. */
function abandon(ctx: Context, before: Stripe.Subscription): Stripe.Subscription {
  stopWork(ctx, before);
  const subscription = ctx.update(
    'subscription',
    before,
    {
      status: 'incomplete_expired',
      ended_at: ctx.now,
      canceled_at: before.canceled_at ?? ctx.now,
      cancel_at: null,
      cancel_at_period_end: false,
      schedule: null,
    },
    'customer.subscription.updated',
  );
  ctx.follow('subscription.ended', { subscription: before, isDelinquent: true });
  const latest = idOrNull(before.latest_invoice);
  const invoice = latest === null ? undefined : ctx.store.find('invoice', latest);
  if (invoice?.status === 'open') voidInvoice(ctx, invoice);
  announceEntitlements(ctx, subscription);
  return subscription;
}

/** Usage not billed yet and items that wait; null where there is nothing. */
function draftFinalInvoice(
  ctx: Context,
  subscription: Stripe.Subscription,
  includesCredit: boolean,
): Stripe.Invoice | null {
  const customer = customerOf(ctx, subscription);
  const lines = outstandingUsage(ctx, subscription);
  const waiting = pendingItems(ctx, customer.id, subscription.id, subscription.currency);
  const sum = waiting.reduce((total, { amount }) => total + amount, 0);
  // At the natural end a credit alone is not worth an invoice of its own.
  if (lines.length === 0 && (waiting.length === 0 || (!includesCredit && sum <= 0))) return null;
  return draftInvoice(ctx, {
    customer,
    subscription,
    currency: subscription.currency,
    billingReason: includesCredit ? 'manual' : 'subscription_cycle',
    lines,
    discounts: [],
    periodStart: Math.min(...subscription.items.data.map((item) => item.current_period_start)),
    periodEnd: ctx.now,
    sweepsPending: true,
    autoAdvance: true,
    finalizesAt: ctx.now + 3600,
  });
}

function billFinal(ctx: Context, draft: Stripe.Invoice): void {
  ctx.emit('invoice.created', draft);
  advanceInvoice(ctx, draft);
}
