import type { SubscriptionStatus } from './subscription-view.ts';

/**
 * Stripe's subscription states: what each is with us, what it gives, and what each verb does to it.
 * `live`: Stripe may still charge for it, so nobody may buy another beside it. `access`: the plan, the
 * plan for the days of grace, or nothing. `standing`: which of several counts. `leave`: what cancelling
 * does. `change`: whether a change of plan goes, or what comes first.
 */
const STRIPE_STATUSES = {
  active: row('active', true, 'plan', 'good', 'at_period_end', 'goes'),
  trialing: row('trialing', true, 'plan', 'good', 'at_period_end', 'goes'),
  past_due: row('past_due', true, 'grace', 'owed', 'now', 'pay_first'),
  unpaid: row('past_due', true, 'none', 'owed', 'now', 'pay_first'),
  incomplete: row('past_due', true, 'none', 'unbegun', 'now', 'pay_first'),
  paused: row('past_due', true, 'none', 'resting', 'now', 'rests'),
  canceled: row('canceled', false, 'none', 'over', 'is_over', 'is_over'),
  incomplete_expired: row('canceled', false, 'none', 'never_began', 'is_over', 'is_over'),
} as const satisfies Record<string, StatusMeaning>;

interface StatusMeaning {
  status: SubscriptionStatus;
  live: boolean;
  access: 'plan' | 'grace' | 'none';
  standing: 'never_began' | 'over' | 'unbegun' | 'resting' | 'owed' | 'good';
  leave: 'at_period_end' | 'now' | 'is_over';
  change: 'goes' | 'pay_first' | 'rests' | 'is_over';
}

function row(
  status: StatusMeaning['status'],
  live: boolean,
  access: StatusMeaning['access'],
  standing: StatusMeaning['standing'],
  leave: StatusMeaning['leave'],
  change: StatusMeaning['change'],
): StatusMeaning {
  return { status, live, access, standing, leave, change };
}

/**
 * What staff can set beside the status. All of them give what the status gives, and leaving outranks
 * all of them. `now`, `later`: a change of plan that is charged now, or comes at the period's end;
 * `resume`: taking back what is planned. `asks`: not by a click, the customer is asked to write.
 */
export const STAFF_FLAGS = {
  collection_paused: { shown: 'pause', now: 'asks', later: 'asks', resume: 'goes' },
  sends_invoices: { shown: 'nothing', now: 'asks', later: 'goes', resume: 'goes' },
  staff_schedule: { shown: 'its end and its change', now: 'asks', later: 'asks', resume: 'asks' },
  ends_later: { shown: 'its end', now: 'goes', later: 'goes', resume: 'goes' },
} as const satisfies Record<string, FlagMeaning>;

interface FlagMeaning {
  shown: string;
  now: 'goes' | 'asks';
  later: 'goes' | 'asks';
  resume: 'goes' | 'asks';
}

export type StaffFlag = keyof typeof STAFF_FLAGS;

export type StripeStatus = keyof typeof STRIPE_STATUSES;

/** `undefined` for a status that Stripe added after this was written. */
export function parseStripeStatus(raw: string): StripeStatus | undefined {
  return Object.hasOwn(STRIPE_STATUSES, raw) ? (raw as StripeStatus) : undefined;
}

export function meaningOf(status: StripeStatus): StatusMeaning {
  return STRIPE_STATUSES[status];
}

/** Not over yet. A status that we do not know counts as live, so that nobody buys twice. */
export function isLive(rawStatus: string): boolean {
  const status = parseStripeStatus(rawStatus);
  return status === undefined || STRIPE_STATUSES[status].live;
}

/**
 * Which of several subscriptions counts: higher goes first. What is paid up gives access, what is owed
 * comes next, then what nothing is collected for, then a first payment that has not come yet. Of those
 * that are over, one that was had goes before one whose first payment never came.
 */
export function standingOf(rawStatus: string): number {
  const status = parseStripeStatus(rawStatus);
  return status ? STANDING.indexOf(STRIPE_STATUSES[status].standing) : STANDING.length;
}

const STANDING = ['never_began', 'over', 'unbegun', 'resting', 'owed', 'good'] as const;

/** What cancelling does; a status that we do not know may have been paid for, so it waits. */
export function leavingOf(rawStatus: string): StatusMeaning['leave'] {
  const status = parseStripeStatus(rawStatus);
  return status ? STRIPE_STATUSES[status].leave : 'at_period_end';
}

/** Whether a change of plan goes; a status that we do not know has something to be settled first. */
export function changingOf(rawStatus: string): StatusMeaning['change'] {
  const status = parseStripeStatus(rawStatus);
  return status ? STRIPE_STATUSES[status].change : 'pay_first';
}
