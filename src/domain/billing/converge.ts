import type { Arrangement, Goal } from './intent.ts';
import { isLive, leavingOf } from './subscription-status.ts';

/** A schedule that still rules a subscription at Stripe. */
export interface ScheduleFacts {
  id: string;
  /** `customer`: made here or in the portal, or one that changes nothing. `staff`: everything else. */
  madeBy: 'customer' | 'staff';
  /** The change of price that it brings next. */
  changes: { priceId: string; at: Date } | null;
  /** When it ends the subscription. */
  endsAt: Date | null;
}

/** What the next step is decided on: one subscription as Stripe has it now. */
export interface SubscriptionFacts {
  id: string;
  /** Stripe's word. */
  status: string;
  priceId: string;
  periodEndsAt: Date;
  cancelAt: Date | null;
  cancelAtPeriodEnd: boolean;
  schedule: ScheduleFacts | null;
  /** A change that waits for its payment; `payable` while its invoice can be paid. */
  pending: { priceIds: readonly string[]; invoiceId: string | null; payable: boolean } | null;
  /** Wholly unpaid invoices that Stripe would still take money for. */
  openInvoices: readonly string[];
}

/** One call to Stripe. Each leaves the customer no worse than before, should it be the last. */
export type Step =
  | { call: 'cancel_now'; subscriptionId: string }
  | { call: 'set_end'; subscriptionId: string; at: number | null }
  | { call: 'clear_end'; subscriptionId: string }
  | { call: 'end_schedule'; subscriptionId: string; scheduleId: string }
  | { call: 'release_schedule'; subscriptionId: string; scheduleId: string; keepEnd: boolean }
  | { call: 'attach_schedule'; subscriptionId: string }
  | { call: 'plan_change'; subscriptionId: string; scheduleId: string; priceId: string }
  | { call: 'apply_change'; subscriptionId: string }
  | { call: 'void_invoice'; subscriptionId: string; invoiceId: string };

/** When the subscription will end, by whatever says so first; `null` when it renews. */
export function endOf(
  facts: Pick<SubscriptionFacts, 'cancelAt' | 'cancelAtPeriodEnd' | 'periodEndsAt' | 'schedule'>,
): Date | null {
  const { cancelAt, cancelAtPeriodEnd, periodEndsAt, schedule } = facts;
  const ends = [cancelAt, cancelAtPeriodEnd ? periodEndsAt : null, schedule?.endsAt ?? null];
  const known = ends.flatMap((at) => at ?? []);
  return known.length === 0 ? null : known.reduce((a, b) => (b < a ? b : a));
}

/**
 * What to do at Stripe next so that it becomes what the customer wants: `done` when it is,
 * `waiting` when only the customer's payment is missing. Pure, and decided on what is so now, so
 * that it may be asked again after any cut.
 */
export function nextStep(goal: Goal, all: readonly SubscriptionFacts[]): Step | 'done' | 'waiting' {
  for (const facts of all.filter((one) => goal.subscriptions.includes(one.id))) {
    const step = stepOf(goal, facts);
    if (step) return step;
  }
  return 'done';
}

function stepOf(goal: Goal, facts: SubscriptionFacts): Step | 'waiting' | undefined {
  switch (goal.kind) {
    case 'end':
      return towardsEnd(facts, goal.when);
    case 'delete':
      return towardsEnd(facts, 'now');
    case 'renew':
      return isLive(facts.status) ? towardsRenewal(facts) : undefined;
    case 'change_later':
      return isLive(facts.status) ? towardsLater(facts, goal.priceId) : undefined;
    case 'change_now':
      return isLive(facts.status) ? towardsNow(facts, goal.priceId) : undefined;
  }
}

/** The end is set before anything that was planned is dropped; open invoices are voided last. */
function towardsEnd(facts: SubscriptionFacts, when: 'now' | 'period_end'): Step | undefined {
  const { id, status, schedule, pending, openInvoices, periodEndsAt, cancelAt } = facts;
  if (!isLive(status)) {
    const invoiceId = openInvoices[0];
    return invoiceId ? { call: 'void_invoice', subscriptionId: id, invoiceId } : undefined;
  }
  if (when === 'now' || leavingOf(status) === 'now')
    return { call: 'cancel_now', subscriptionId: id };
  const end = endOf(facts);
  if (!end || end > periodEndsAt) {
    return schedule
      ? { call: 'end_schedule', subscriptionId: id, scheduleId: schedule.id }
      : { call: 'set_end', subscriptionId: id, at: null };
  }
  if (pending?.payable && pending.invoiceId) {
    return { call: 'void_invoice', subscriptionId: id, invoiceId: pending.invoiceId };
  }
  // The end stands on the subscription itself: the schedule that brought it is not needed any more.
  if (schedule?.madeBy === 'customer' && cancelAt) {
    return { call: 'release_schedule', subscriptionId: id, scheduleId: schedule.id, keepEnd: true };
  }
  return undefined;
}

function towardsRenewal(facts: SubscriptionFacts): Step | undefined {
  const { id, schedule, cancelAt, cancelAtPeriodEnd } = facts;
  if (schedule?.madeBy === 'customer') {
    const scheduleId = schedule.id;
    return { call: 'release_schedule', subscriptionId: id, scheduleId, keepEnd: false };
  }
  if (cancelAt || cancelAtPeriodEnd) return { call: 'clear_end', subscriptionId: id };
  return undefined;
}

function towardsLater(facts: SubscriptionFacts, priceId: string): Step | undefined {
  const { id, schedule, pending, cancelAt, cancelAtPeriodEnd } = facts;
  if (!schedule) {
    if (facts.priceId === priceId) return undefined;
    // Stripe lets nobody touch the end while a schedule rules.
    const call = cancelAt || cancelAtPeriodEnd ? 'clear_end' : 'attach_schedule';
    return { call, subscriptionId: id };
  }
  if (schedule.changes?.priceId !== priceId || schedule.endsAt) {
    return { call: 'plan_change', subscriptionId: id, scheduleId: schedule.id, priceId };
  }
  return pending?.payable && pending.invoiceId
    ? { call: 'void_invoice', subscriptionId: id, invoiceId: pending.invoiceId }
    : undefined;
}

/** What was planned before is dropped only when the change is paid: until then it stands. */
function towardsNow(facts: SubscriptionFacts, priceId: string): Step | 'waiting' | undefined {
  if (facts.priceId === priceId) return towardsRenewal(facts);
  if (facts.pending?.payable && facts.pending.priceIds.includes(priceId)) return 'waiting';
  return { call: 'apply_change', subscriptionId: facts.id };
}

/** How one subscription is arranged to go on. */
export function arrangementOf(facts: SubscriptionFacts): Arrangement {
  const { schedule, cancelAtPeriodEnd } = facts;
  const end = endOf(facts);
  if (end) return { kind: 'ends', at: secondsOf(end), withPeriod: cancelAtPeriodEnd };
  if (schedule?.madeBy !== 'customer' || !schedule.changes) return { kind: 'renews' };
  const { priceId, at } = schedule.changes;
  return { kind: 'changes', priceId, at: secondsOf(at) };
}

/** What to do next so that everything is arranged as it was; `done` when it is. */
export function stepBack(
  origin: Readonly<Record<string, Arrangement>>,
  all: readonly SubscriptionFacts[],
): Step | 'done' {
  for (const facts of all) {
    const arrangement = origin[facts.id];
    if (!arrangement || !isLive(facts.status)) continue;
    const step = backTo(arrangement, facts);
    if (step) return step;
  }
  return 'done';
}

function backTo(wanted: Arrangement, facts: SubscriptionFacts): Step | undefined {
  const { id, schedule } = facts;
  if (schedule?.madeBy === 'staff') return undefined;
  switch (wanted.kind) {
    case 'renews':
      return towardsRenewal(facts);
    case 'changes':
      return wanted.at <= secondsOf(facts.periodEndsAt)
        ? towardsLater(facts, wanted.priceId)
        : undefined;
    case 'ends': {
      const end = endOf(facts);
      if (end && secondsOf(end) === wanted.at) return undefined;
      if (schedule) {
        return {
          call: 'release_schedule',
          subscriptionId: id,
          scheduleId: schedule.id,
          keepEnd: true,
        };
      }
      return { call: 'set_end', subscriptionId: id, at: wanted.withPeriod ? null : wanted.at };
    }
  }
}

function secondsOf(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}
