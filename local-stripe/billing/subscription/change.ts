import type Stripe from 'stripe';
import type { Context } from '../../kernel/types.ts';
import { periodAt } from '../calendar.ts';
import type { Period } from '../calendar.ts';
import type { LineDraft } from '../invoice/line.ts';
import type { Debit } from '../rows.ts';
import { itemList } from './build.ts';
import { readItems } from './change-items.ts';
import {
  fullAmount,
  isMetered,
  netAmounts,
  outstandingUsage,
  periodLines as linesOf,
} from './charges.ts';
import { debitsOf } from './debits.ts';
import { creditLines, debitLines } from './proration.ts';

type Item = Stripe.SubscriptionItem;

export interface ChangeParams {
  items?: Stripe.SubscriptionUpdateParams.Item[];
  anchorNow: boolean;
  /** Undefined: untouched. Null: the trial ends now. */
  trialEnd: number | null | undefined;
  behavior: string;
  at: number;
  /** Planned before: prices may have been archived since. */
  isPlanned?: boolean;
}

/** What an update would do to the bill. Nothing has been done yet. */
export interface Change {
  next: Stripe.Subscription;
  /** Go through pending invoice items. */
  prorations: LineDraft[];
  /**
   * What an invoice made at once says of the periods: whole new ones where the cycle begins anew,
   * and during a trial that what was changed is free until it ends.
   */
  periodLines: LineDraft[];
  debits: Record<string, Debit>;
  startsAnew: boolean;
  changesBill: boolean;
}

export function planChange(
  ctx: Context,
  before: Stripe.Subscription,
  params: ChangeParams,
): Change {
  const items = readItems(ctx, before, params.items ?? [], params.isPlanned);
  const touched = items.filter((item) => isTouched(item, before.items.data));
  const gone = before.items.data.filter((item) => {
    const after = items.find(({ id }) => id === item.id);
    return after === undefined || touched.includes(after);
  });
  const movesTrial = params.trialEnd !== undefined && changesTrial(before, params.trialEnd);
  const startsAnew =
    params.anchorNow ||
    (movesTrial && params.trialEnd === null) ||
    (before.status !== 'trialing' && resetsClassic(ctx, before, items));
  const changesBill = touched.length > 0 || gone.length > 0 || startsAnew || movesTrial;
  const next = advanceTo(ctx, before, items, params, { startsAnew, movesTrial });
  const credits = startsAnew || movesTrial ? before.items.data : gone;
  const isProrated = params.behavior !== 'none' && changesBill;
  const given = isProrated ? creditLines(ctx, before, credits, params.at) : [];
  if (startsAnew && next.status !== 'trialing') {
    return anew(ctx, before, next, given);
  }
  const touchedNext = next.items.data.filter(({ id }) => touched.some((one) => one.id === id));
  const taken = isProrated && !movesTrial ? debitLines(ctx, next, touchedNext, params.at) : [];
  const debits = { ...debitsOf(ctx, before.id) };
  for (const { id } of gone) if (!items.some((item) => item.id === id)) delete debits[id];
  if (movesTrial) for (const { id } of next.items.data) delete debits[id];
  for (const { subscriptionItem, amount, period } of taken) {
    debits[subscriptionItem!] = { amount, ...period, invoice: null, lines: [] };
  }
  const prorations = [...given, ...taken];
  const periodLines =
    next.status === 'trialing'
      ? touchedNext.flatMap((item) => linesOf(ctx, next, item, 'trial'))
      : [];
  return { next, prorations, periodLines, debits, startsAnew: false, changesBill };
}

/** The cycle begins now: a whole period of everything, and what was used up to now. */
function anew(
  ctx: Context,
  before: Stripe.Subscription,
  next: Stripe.Subscription,
  prorations: LineDraft[],
): Change {
  const paidAhead = next.items.data.filter((item) => !isMetered(item));
  const periodLines = [
    ...outstandingUsage(ctx, before),
    ...paidAhead.flatMap((item) => linesOf(ctx, next, item, 'full')),
  ];
  const net = netAmounts(ctx, next, next.items.data, ctx.now);
  const debits = Object.fromEntries(
    next.items.data.map((item, i) => {
      const period = { start: item.current_period_start, end: item.current_period_end };
      return [item.id, { amount: net[i]!, ...period, invoice: null, lines: [] }];
    }),
  );
  return { next, prorations, periodLines, debits, startsAnew: true, changesBill: true };
}

function advanceTo(
  ctx: Context,
  before: Stripe.Subscription,
  items: Item[],
  { trialEnd }: ChangeParams,
  { startsAnew, movesTrial }: { startsAnew: boolean; movesTrial: boolean },
): Stripe.Subscription {
  const wasTrialing = before.status === 'trialing';
  const patch: Partial<Stripe.Subscription> = {};
  if (movesTrial && typeof trialEnd === 'number') {
    patch.status = 'trialing';
    patch.trial_end = trialEnd;
    patch.trial_start = before.trial_start ?? ctx.now;
    patch.billing_cycle_anchor = trialEnd;
  } else if (startsAnew) {
    patch.billing_cycle_anchor = ctx.now;
    if (wasTrialing) patch.status = 'active';
    if (wasTrialing) patch.trial_end = ctx.now;
  }
  const next = { ...before, ...patch };
  const data = items.map((item) => {
    const { start, end } = periodOf(ctx, before, next, item, { startsAnew, movesTrial });
    return { ...item, current_period_start: start, current_period_end: end };
  });
  const result = { ...next, items: itemList(before.id, data) };
  if (!before.cancel_at_period_end) return result;
  return { ...result, cancel_at: Math.min(...data.map((item) => item.current_period_end)) };
}

function periodOf(
  ctx: Context,
  before: Stripe.Subscription,
  next: Stripe.Subscription,
  item: Item,
  { startsAnew, movesTrial }: { startsAnew: boolean; movesTrial: boolean },
): Period {
  const old = before.items.data.find(({ id }) => id === item.id);
  const start = old === undefined ? ctx.now : old.current_period_start;
  if (next.status === 'trialing') {
    const from = movesTrial && before.status !== 'trialing' ? ctx.now : start;
    return { start: from, end: next.trial_end! };
  }
  const rhythm = item.price.recurring!;
  if (startsAnew) return { start: ctx.now, end: periodAt(ctx.now, rhythm, ctx.now).end };
  if (old !== undefined && isSameRhythm(old, item)) return { start, end: old.current_period_end };
  return { start: ctx.now, end: periodAt(next.billing_cycle_anchor, rhythm, ctx.now).end };
}

function isTouched(item: Item, before: readonly Item[]): boolean {
  const old = before.find(({ id }) => id === item.id);
  return old === undefined || old.price.id !== item.price.id || old.quantity !== item.quantity;
}

function isSameRhythm(a: Item, b: Item): boolean {
  const x = a.price.recurring!;
  const y = b.price.recurring!;
  return x.interval === y.interval && x.interval_count === y.interval_count;
}

function changesTrial(before: Stripe.Subscription, trialEnd: number | null): boolean {
  return trialEnd === null ? before.status === 'trialing' : trialEnd !== before.trial_end;
}

/** Classic billing begins anew when the rhythm changes, or when something free becomes paid. */
function resetsClassic(ctx: Context, before: Stripe.Subscription, items: readonly Item[]): boolean {
  if (before.billing_mode.type === 'flexible') return false;
  const [old] = before.items.data;
  const [item] = items;
  if (old === undefined || item === undefined) return false;
  if (!isSameRhythm(old, item)) return true;
  const cost = (of: readonly Item[]) => {
    return of.reduce((sum, one) => sum + fullAmount(ctx, before, one), 0);
  };
  return cost(before.items.data) === 0 && cost(items) > 0;
}
