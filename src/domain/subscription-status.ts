import type { SubscriptionStatus } from './api.ts';

/**
 * Stripe's subscription states, and what each is with us.
 * `live` means that Stripe may still charge for it: a tenant with a live one must not buy another.
 * `access` is what it gives: the plan, the plan for the days of grace, or nothing.
 */
const STRIPE_STATUSES = {
  active: { status: 'active', live: true, access: 'plan', standing: 'good' },
  trialing: { status: 'trialing', live: true, access: 'plan', standing: 'good' },
  past_due: { status: 'past_due', live: true, access: 'grace', standing: 'owed' },
  unpaid: { status: 'past_due', live: true, access: 'none', standing: 'owed' },
  incomplete: { status: 'past_due', live: true, access: 'none', standing: 'unbegun' },
  paused: { status: 'past_due', live: true, access: 'none', standing: 'resting' },
  canceled: { status: 'canceled', live: false, access: 'none', standing: 'over' },
  incomplete_expired: { status: 'canceled', live: false, access: 'none', standing: 'over' },
} as const satisfies Record<string, StatusMeaning>;

interface StatusMeaning {
  status: SubscriptionStatus;
  live: boolean;
  access: 'plan' | 'grace' | 'none';
  standing: 'over' | 'unbegun' | 'resting' | 'owed' | 'good';
}

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
 * Which of several live subscriptions counts: higher goes first. What is paid up gives access, what
 * is owed comes next, then what nothing is collected for, then a first payment that never came.
 */
export function standingOf(rawStatus: string): number {
  const status = parseStripeStatus(rawStatus);
  return status ? STANDING.indexOf(STRIPE_STATUSES[status].standing) : STANDING.length;
}

const STANDING = ['over', 'unbegun', 'resting', 'owed', 'good'] as const;

/** Paid up or on trial: what a plan change needs. */
export function isInGoodStanding(rawStatus: string): boolean {
  return rawStatus === 'active' || rawStatus === 'trialing';
}
