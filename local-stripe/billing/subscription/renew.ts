import type Stripe from 'stripe';
import { idOf } from '../../kernel/reference.ts';
import type { Context } from '../../kernel/types.ts';
import { periodAt } from '../calendar.ts';
import { draftInvoice } from '../invoice/draft.ts';
import type { LineDraft } from '../invoice/line.ts';
import { markUncollectible, voidInvoice } from '../invoice/void.ts';
import { finalizeInvoice } from '../invoice/finalize.ts';
import { defaultMethod } from '../payment/methods.ts';
import { isEndOfSchedule } from './attached-schedule.ts';
import { itemList } from './build.ts';
import { cancelAtEnd } from './cancel.ts';
import { announceEntitlements } from './changed.ts';
import { discountsAt, fullPeriod, isMetered, periodLines, usageLines } from './charges.ts';
import { nextCycleAt, scheduleCycle } from './cycle-schedule.ts';
import { rememberDebits } from './debits.ts';
import { customerOf } from './end.ts';
import { endDiscounts, useUpOnceDiscounts } from './once-discounts.ts';
import { pausedBy } from './paused.ts';
import { dropPendingUpdate } from './pending-update.ts';

/** Draft invoices of a cycle can be looked at and changed for so long. */
const draftSeconds = 3600;

/** A period ended: the next one begins, with its invoice. */
export function renewSubscription(ctx: Context, id: string): void {
  const found = ctx.store.find('subscription', id);
  if (found === undefined || found.ended_at !== null || found.status === 'paused') return;
  if (found.status === 'incomplete' || nextCycleAt(found) > ctx.now) return;
  const isOver = found.cancel_at !== null && found.cancel_at <= ctx.now;
  if (isOver && !isEndOfSchedule(ctx, found)) {
    cancelAtEnd(ctx, found);
    return;
  }
  // What was used costs what it cost while it was used: a phase may bring other prices from now on.
  const usage = usageOf(ctx, found);
  ctx.follow('subscription.renewing', { subscription: dropPendingUpdate(ctx, found) });
  const phased = ctx.store.get('subscription', id);
  if (phased.ended_at !== null) return;
  const before = endDiscounts(ctx, phased);
  const wasTrial = before.status === 'trialing';
  const startsTrial = isInTrial(ctx, before);
  const endsTrial = wasTrial && !startsTrial;
  if (endsTrial && stopsWithoutCard(ctx, before)) return;

  const due = before.items.data.filter((item) => item.current_period_end <= ctx.now);
  const anchor = anchorAfter(ctx, before, endsTrial);
  const advanced = advance(ctx, { ...before, billing_cycle_anchor: anchor });
  const begun = advanced.items.data.filter((item) => {
    return startsTrial || due.some((one) => one.id === item.id);
  });
  const lines = [
    ...usage,
    ...begun
      .filter((item) => startsTrial || !isMetered(item))
      .flatMap((item) => {
        return periodLines(ctx, advanced, item, kindOf(advanced, item));
      }),
  ];
  const invoice = draftCycleInvoice(ctx, advanced, lines, previousPeriod(due));
  const subscription = ctx.update(
    'subscription',
    found,
    { ...advanced, latest_invoice: invoice.id },
    'customer.subscription.updated',
  );
  for (const item of begun) {
    rememberDebits(ctx, subscription, invoice, kindOf(subscription, item), [item]);
  }
  scheduleCycle(ctx, subscription);
  ctx.emit('invoice.created', invoice);
  collectLater(ctx, subscription, invoice);
  useUpOnceDiscounts(ctx, subscription, invoice);
  // Also where the status stays: features attached to a product since count from now on.
  announceEntitlements(ctx, subscription);
}

/** What was used in the periods that are over, outside a trial. */
function usageOf(ctx: Context, subscription: Stripe.Subscription): LineDraft[] {
  if (subscription.status === 'trialing') return [];
  return subscription.items.data
    .filter((item) => item.current_period_end <= ctx.now && isMetered(item))
    .flatMap((item) => {
      const { current_period_start: start, current_period_end: end } = item;
      return usageLines(ctx, subscription, item, { start, end });
    });
}

/** A phase of a schedule that begins now is free for a while. */
function isInTrial(ctx: Context, { trial_end }: Stripe.Subscription): boolean {
  return trial_end !== null && trial_end > ctx.now;
}

/** A period that does not begin with a boundary of its rhythm is the rest of one. */
function kindOf(
  subscription: Stripe.Subscription,
  item: Stripe.SubscriptionItem,
): 'full' | 'part' | 'trial' {
  if (subscription.status === 'trialing') return 'trial';
  return fullPeriod(subscription, item).start < item.current_period_start ? 'part' : 'full';
}

/** The items whose period is over begin the next; where a trial begins, all until it ends. */
function advance(ctx: Context, subscription: Stripe.Subscription): Stripe.Subscription {
  const { billing_cycle_anchor: anchor, trial_end } = subscription;
  if (isInTrial(ctx, subscription)) {
    const period = { current_period_start: ctx.now, current_period_end: trial_end! };
    const free = subscription.items.data.map((item) => ({ ...item, ...period }));
    return { ...subscription, status: 'trialing', items: itemList(subscription.id, free) };
  }
  const status = subscription.status === 'trialing' ? 'active' : subscription.status;
  const data = subscription.items.data.map((item) => {
    if (item.current_period_end > ctx.now) return item;
    const { end } = periodAt(anchor, item.price.recurring!, ctx.now);
    return { ...item, current_period_start: item.current_period_end, current_period_end: end };
  });
  return { ...subscription, status, items: itemList(subscription.id, data) };
}

function anchorAfter(ctx: Context, subscription: Stripe.Subscription, endsTrial: boolean): number {
  if (!endsTrial) return subscription.billing_cycle_anchor;
  const behavior = subscription.trial_settings?.end_behavior.billing_cycle_anchor;
  return behavior === 'unchanged' || subscription.billing_cycle_anchor >= ctx.now
    ? subscription.billing_cycle_anchor
    : ctx.now;
}

export function draftCycleInvoice(
  ctx: Context,
  subscription: Stripe.Subscription,
  lines: LineDraft[],
  period: { start: number; end: number },
): Stripe.Invoice {
  const collects = subscription.pause_collection === null && subscription.status !== 'unpaid';
  return draftInvoice(ctx, {
    customer: customerOf(ctx, subscription),
    subscription,
    currency: subscription.currency,
    billingReason: 'subscription_cycle',
    lines,
    discounts: discountsAt(ctx, subscription, ctx.now),
    periodStart: period.start,
    periodEnd: period.end,
    sweepsPending: true,
    autoAdvance: collects,
    finalizesAt: ctx.now + draftSeconds,
  });
}

/** An hour later it is final and charged; while collection is paused, what the pause says. */
function collectLater(
  ctx: Context,
  subscription: Stripe.Subscription,
  invoice: Stripe.Invoice,
): void {
  if (invoice.auto_advance) {
    ctx.schedule(ctx.now + draftSeconds, 'invoice.finalize', invoice.id);
    return;
  }
  const behavior = subscription.pause_collection?.behavior;
  if (behavior === 'void') voidInvoice(ctx, finalizeInvoice(ctx, invoice));
  if (behavior === 'mark_uncollectible') markUncollectible(ctx, finalizeInvoice(ctx, invoice));
}

function previousPeriod(items: readonly Stripe.SubscriptionItem[]): { start: number; end: number } {
  return {
    start: Math.min(...items.map((item) => item.current_period_start)),
    end: Math.max(...items.map((item) => item.current_period_end)),
  };
}

/** A trial ends without a card: true when the subscription ends or pauses for that. */
function stopsWithoutCard(ctx: Context, subscription: Stripe.Subscription): boolean {
  if (subscription.collection_method !== 'charge_automatically') return false;
  const customer = ctx.store.get('customer', idOf(subscription.customer));
  if (defaultMethod(customer, subscription) !== null) return false;
  switch (subscription.trial_settings?.end_behavior.missing_payment_method) {
    case 'cancel':
      cancelAtEnd(ctx, subscription);
      return true;
    case 'pause': {
      const paused = ctx.store.put('subscription', {
        ...subscription,
        status: 'paused',
        status_details: pausedBy(ctx, 'trial_end_without_payment_method'),
      });
      ctx.emit('customer.subscription.paused', paused);
      announceEntitlements(ctx, paused);
      return true;
    }
    default:
      return false;
  }
}
