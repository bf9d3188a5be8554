import type Stripe from 'stripe';
import { mergeMetadata } from '../../kernel/metadata.ts';
import { idOf, idOrNull } from '../../kernel/reference.ts';
import type { Context, DomainEvents } from '../../kernel/types.ts';
import { automaticTax, itemList } from '../subscription/build.ts';
import { idsOf } from '../tax/rates.ts';
import { billChange } from '../subscription/bill-change.ts';
import type { Billing } from '../subscription/bill-change.ts';
import { announceEntitlements } from '../subscription/changed.ts';
import { planChange } from '../subscription/change.ts';
import { creditLines } from '../subscription/proration.ts';
import { createInvoiceItem } from '../invoice/items.ts';
import { scheduleCycle } from '../subscription/cycle-schedule.ts';
import { endSubscription } from '../subscription/end.ts';
import { buildItem, repriced } from '../subscription/items.ts';
import { scheduleOf } from '../subscription/attached-schedule.ts';
import { releaseSchedule, stopSchedule } from './end.ts';

type Schedule = Stripe.SubscriptionSchedule;
type Phase = Stripe.SubscriptionSchedule.Phase;

const expiringSeconds = 7 * 86_400;

/** Has the next change of phase fall due, and the warning before the last one ends. */
export function scheduleNextPhase(ctx: Context, schedule: Schedule): void {
  const next = schedule.phases.find(({ start_date }) => start_date > ctx.now);
  const end = schedule.phases.at(-1)!.end_date;
  ctx.schedule(next?.start_date ?? end, 'schedule.phase', schedule.id);
  const warnAt = end - expiringSeconds;
  if (warnAt > ctx.now) ctx.schedule(warnAt, 'schedule.expiring', schedule.id);
}

export function phaseAt(schedule: Schedule, at: number): Phase | null {
  return (
    schedule.phases.find(({ start_date, end_date }) => start_date <= at && at < end_date) ?? null
  );
}

/**
 * At the turn of a period: the items of the phase that begins now, if one does, so that the new
 * period is billed by them. After the last phase the schedule may end the subscription.
 */
export function enterPhase(
  ctx: Context,
  { subscription }: DomainEvents['subscription.renewing'],
): void {
  const schedule = scheduleOf(ctx, subscription);
  if (schedule === null || schedule.status !== 'active') return;
  const phase = phaseAt(schedule, ctx.now);
  if (phase === null) return endOfPhases(ctx, schedule, subscription);
  if (schedule.current_phase?.start_date === phase.start_date) return;
  beginPhase(ctx, schedule, phase);
  const items = itemsOfPhase(ctx, subscription, phase);
  const { trial_end } = phase;
  const isFree = trial_end !== null && trial_end > ctx.now;
  if (isFree && phase.proration_behavior !== 'none') creditUnfinished(ctx, subscription);
  ctx.store.put('subscription', {
    ...subscription,
    ...settingsOf(schedule, subscription, phase),
    ...(isFree
      ? { trial_start: ctx.now, trial_end, billing_cycle_anchor: trial_end }
      : { billing_cycle_anchor: anchorOf(ctx, subscription, phase, items) }),
    items: itemList(subscription.id, items),
  });
}

/** A trial begins for all items: those in the middle of a period get the rest of it back. */
function creditUnfinished(ctx: Context, subscription: Stripe.Subscription): void {
  const items = subscription.items.data.filter((item) => item.current_period_end > ctx.now);
  for (const line of creditLines(ctx, subscription, items, ctx.now)) {
    createInvoiceItem(ctx, idOf(subscription.customer), line, null);
  }
}

export function beginPhase(ctx: Context, schedule: Schedule, phase: Phase): Schedule {
  const { start_date, end_date } = phase;
  const after = ctx.update(
    'subscription_schedule',
    schedule,
    { status: 'active', current_phase: { start_date, end_date } },
    'subscription_schedule.updated',
  );
  scheduleNextPhase(ctx, after);
  return after;
}

/** The change of a phase that begins in the middle of a period, prorated as the phase says. */
export function changeMidway(ctx: Context, schedule: Schedule, phase: Phase): void {
  const before = ctx.store.get('subscription', idOf(schedule.subscription!));
  beginPhase(ctx, schedule, phase);
  applyItems(ctx, schedule, before, phase, {
    payment: 'unattended',
    proration: phase.proration_behavior,
  });
}

export function applyItems(
  ctx: Context,
  schedule: Schedule,
  before: Stripe.Subscription,
  phase: Phase,
  { payment, proration }: Pick<Billing, 'payment' | 'proration'>,
): void {
  const wanted = itemsOfPhase(ctx, before, phase);
  const kept = new Set(wanted.map(({ id }) => id));
  const change = planChange(ctx, before, {
    items: [
      ...before.items.data
        .filter(({ id }) => !kept.has(id))
        .map(({ id }) => ({ id, deleted: true })),
      ...wanted.map((item) => ({
        ...(before.items.data.some(({ id }) => id === item.id) ? { id: item.id } : {}),
        price: item.price.id,
        ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
        metadata: item.metadata,
        tax_rates: idsOf(item.tax_rates),
      })),
    ],
    isPlanned: true,
    anchorNow: phase.billing_cycle_anchor === 'phase_start',
    trialEnd: phase.trial_end !== null && phase.trial_end > ctx.now ? phase.trial_end : undefined,
    behavior: proration,
    at: ctx.now,
  });
  const plain = settingsOf(schedule, before, phase);
  const after = change.changesBill
    ? billChange(ctx, before, plain, change, {
        payment,
        proration,
        prorationDate: null,
      })
    : ctx.update(
        'subscription',
        before,
        { ...plain, items: change.next.items },
        'customer.subscription.updated',
      );
  if (after.ended_at === null) scheduleCycle(ctx, after);
  announceEntitlements(ctx, after);
}

export function endOfPhases(
  ctx: Context,
  schedule: Schedule,
  subscription: Stripe.Subscription,
): void {
  if (schedule.end_behavior !== 'cancel') {
    releaseSchedule(ctx, schedule);
    return;
  }
  stopSchedule(ctx, schedule.id);
  const completed = ctx.store.put('subscription_schedule', {
    ...schedule,
    status: 'completed',
    completed_at: ctx.now,
    current_phase: null,
  });
  ctx.emit('subscription_schedule.completed', completed);
  endSubscription(ctx, { ...subscription, schedule: null }, { reason: 'cancellation_requested' });
}

/** The subscription's items as the phase wants them; an item that stays keeps its id. */
function itemsOfPhase(
  ctx: Context,
  subscription: Stripe.Subscription,
  phase: Phase,
): Stripe.SubscriptionItem[] {
  const free = [...subscription.items.data];
  const take = (matches: (item: Stripe.SubscriptionItem) => boolean) => {
    const at = free.findIndex(matches);
    return at === -1 ? undefined : free.splice(at, 1)[0];
  };
  const prices = phase.items.map((item) => ctx.store.get('price', idOf(item.price)));
  const kept = prices.map((price) => take((item) => item.price.id === price.id));
  return phase.items.map((wanted, i) => {
    const price = prices[i]!;
    const old = kept[i] ?? take(() => true);
    if (old !== undefined) {
      const metadata = mergeMetadata(old.metadata, wanted.metadata ?? undefined);
      const tax_rates = wanted.tax_rates ?? [];
      return { ...repriced(old, price, wanted.quantity), metadata, tax_rates };
    }
    return buildItem(ctx, {
      subscription: subscription.id,
      price,
      quantity: wanted.quantity,
      period: { start: ctx.now, end: ctx.now },
      metadata: wanted.metadata ?? {},
      taxRates: wanted.tax_rates ?? [],
    });
  });
}

/** What a phase says of the subscription. Its metadata is added to that, an empty value unsets one. */
function settingsOf(
  { default_settings: settings }: Schedule,
  subscription: Stripe.Subscription,
  phase: Phase,
): Partial<Stripe.Subscription> {
  const taxed = phase.automatic_tax ?? settings.automatic_tax;
  return {
    // Like discounts, rates are those of the phase: one that names none has none.
    default_tax_rates: phase.default_tax_rates ?? [],
    ...(taxed === undefined ? {} : { automatic_tax: automaticTax(taxed.enabled) }),
    metadata: mergeMetadata(subscription.metadata, phase.metadata ?? undefined),
    ...(phase.collection_method === null ? {} : { collection_method: phase.collection_method }),
    ...(phase.default_payment_method === null
      ? {}
      : { default_payment_method: phase.default_payment_method }),
    ...(phase.description === null ? {} : { description: phase.description }),
    ...(phase.discounts.length === 0
      ? {}
      : { discounts: phase.discounts.flatMap(({ discount }) => idOrNull(discount) ?? []) }),
  };
}

function anchorOf(
  ctx: Context,
  subscription: Stripe.Subscription,
  phase: Phase,
  items: readonly Stripe.SubscriptionItem[],
): number {
  if (phase.billing_cycle_anchor === 'phase_start') return ctx.now;
  if (subscription.billing_mode.type === 'flexible') return subscription.billing_cycle_anchor;
  const rhythm = (item: Stripe.SubscriptionItem | undefined) => {
    const recurring = item?.price.recurring;
    return recurring ? `${recurring.interval_count} ${recurring.interval}` : '';
  };
  const isSame = rhythm(subscription.items.data[0]) === rhythm(items[0]);
  return isSame ? subscription.billing_cycle_anchor : ctx.now;
}
