import type Stripe from 'stripe';
import { invalidRequest } from '../../kernel/errors.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { periodAt } from '../calendar.ts';
import { advanceInvoice } from '../invoice/advance.ts';
import { draftInvoice } from '../invoice/draft.ts';
import { createInvoiceItem } from '../invoice/items.ts';
import type { LineDraft } from '../invoice/line.ts';
import { itemList } from './build.ts';
import { announceEntitlements } from './changed.ts';
import { discountsAt, isMetered, outstandingUsage, periodLines } from './charges.ts';
import { debitsOf, rememberDebits } from './debits.ts';
import { customerOf } from './end.ts';
import { pausedBy } from './paused.ts';
import { dropPendingUpdate } from './pending-update.ts';
import { creditLines } from './proration.ts';
import { resumeNow } from './resume-now.ts';

/** `POST /v1/subscriptions/:id/pause`: no service and no bills, until it is resumed. */
export function pauseSubscription(
  global: Context,
  found: Stripe.Subscription,
  params: Stripe.SubscriptionPauseParams,
): Stripe.Subscription {
  const ctx = global.onClock(idOrNull(found.test_clock));
  if (!['active', 'trialing', 'past_due', 'unpaid'].includes(found.status)) {
    throw invalidRequest(`A subscription that is ${found.status} cannot be paused.`);
  }
  if (found.schedule !== null) {
    throw invalidRequest(
      'The subscription is managed by a subscription schedule, and pausing it directly is not allowed.',
    );
  }
  const before = dropPendingUpdate(ctx, found);
  const lines = linesOfPause(ctx, before, params);
  for (const kind of ['cycle', 'upcoming', 'trial_will_end']) {
    ctx.unschedule(`subscription.${kind}`, before.id);
  }
  const customer = idOf(before.customer);
  for (const line of lines) createInvoiceItem(ctx, customer, line, null);
  const invoice =
    params.invoicing_behavior === 'invoice' && lines.length > 0 ? draft(ctx, before, []) : null;
  const paused = ctx.store.put('subscription', {
    ...before,
    status: 'paused',
    status_details: pausedBy(ctx, 'pause_requested'),
    ...(invoice === null ? {} : { latest_invoice: invoice.id }),
  });
  ctx.store.put('_billed', { id: before.id, debits: {} });
  ctx.emit('customer.subscription.paused', paused);
  if (invoice !== null) bill(ctx, invoice);
  announceEntitlements(ctx, paused);
  return ctx.store.get('subscription', paused.id);
}

function linesOfPause(
  ctx: Context,
  before: Stripe.Subscription,
  { bill_for: given }: Stripe.SubscriptionPauseParams,
): LineDraft[] {
  const items = before.items.data;
  const unused = given?.unused_time_from?.type ?? 'now';
  const start = Math.min(...items.map((item) => item.current_period_start));
  const from = unused === 'item_current_period_start' ? start : ctx.now;
  const credits = unused === 'none' ? [] : creditLines(ctx, before, items, from);
  const bills = (given?.outstanding_usage_through?.type ?? 'now') === 'now';
  return [...credits, ...(bills ? outstandingUsage(ctx, before) : [])];
}

/** `POST /v1/subscriptions/:id/resume`: bills again, from now or in the old rhythm. */
export function resumeSubscription(
  global: Context,
  before: Stripe.Subscription,
  params: Stripe.SubscriptionResumeParams,
): Stripe.Subscription {
  const ctx = global.onClock(idOrNull(before.test_clock));
  if (before.status !== 'paused') {
    throw invalidRequest(
      `Only paused subscriptions can be resumed: this one is ${before.status}.`,
      undefined,
      'resource_missing',
    );
  }
  const keepsAnchor = params.billing_cycle_anchor?.type === 'unchanged';
  const next = restarted(ctx, before, keepsAnchor);
  const kind = keepsAnchor ? 'part' : 'full';
  const isFree = keepsAnchor && params.proration_behavior === 'none';
  const lines = next.items.data
    .filter((item) => !isMetered(item))
    .flatMap((item) => periodLines(ctx, next, item, isFree ? 'free' : kind));
  const waits =
    params.payment_behavior === 'resume_on_payment_success' &&
    before.collection_method === 'charge_automatically';
  const invoice = draft(ctx, next, lines);
  const isHeld = waits && invoice.amount_due > 0;
  if (isHeld) return resumeOnceBilled(ctx, before, next, invoice, kind);
  const resumed = resumeNow(ctx, before, { ...next, latest_invoice: invoice.id });
  rememberDebits(ctx, resumed, invoice, isFree ? 'free' : kind);
  bill(ctx, invoice);
  announceEntitlements(ctx, resumed);
  return ctx.store.get('subscription', resumed.id);
}

/** Stays paused until the resumption invoice is paid: the change waits as a pending update does. */
function resumeOnceBilled(
  ctx: Context,
  before: Stripe.Subscription,
  next: Stripe.Subscription,
  invoice: Stripe.Invoice,
  kind: 'part' | 'full',
): Stripe.Subscription {
  rememberDebits(ctx, next, invoice, kind);
  const { status, items, billing_cycle_anchor, trial_end } = next;
  const patch = { status, items, billing_cycle_anchor, trial_end, status_details: undefined };
  const debits = debitsOf(ctx, before.id);
  ctx.store.put('_pending_update', { id: before.id, invoice: invoice.id, patch, debits });
  const held = { latest_invoice: invoice.id };
  ctx.update('subscription', before, held, 'customer.subscription.updated');
  bill(ctx, invoice);
  return ctx.store.get('subscription', before.id);
}

function restarted(
  ctx: Context,
  before: Stripe.Subscription,
  keepsAnchor: boolean,
): Stripe.Subscription {
  const anchor = keepsAnchor ? before.billing_cycle_anchor : ctx.now;
  const data = before.items.data.map((item) => ({
    ...item,
    current_period_start: ctx.now,
    current_period_end: periodAt(anchor, item.price.recurring!, ctx.now).end,
  }));
  const trial_end = before.trial_end === null ? null : Math.min(before.trial_end, ctx.now);
  const items = itemList(before.id, data);
  return { ...before, status: 'active', billing_cycle_anchor: anchor, items, trial_end };
}

function draft(
  ctx: Context,
  subscription: Stripe.Subscription,
  lines: LineDraft[],
): Stripe.Invoice {
  return draftInvoice(ctx, {
    customer: customerOf(ctx, subscription),
    subscription,
    currency: subscription.currency,
    billingReason: 'subscription_update',
    lines,
    discounts: discountsAt(ctx, subscription, ctx.now),
    periodStart: ctx.now,
    periodEnd: ctx.now,
    sweepsPending: true,
    autoAdvance: true,
    finalizesAt: null,
  });
}

function bill(ctx: Context, invoice: Stripe.Invoice): void {
  ctx.emit('invoice.created', invoice);
  advanceInvoice(ctx, invoice);
}
