import type { SubscriptionStatus } from './api.ts';

/**
 * Stripe's subscription states, and what each is with us.
 * `live` means that Stripe may still charge for it: a tenant with a live one must not buy another.
 * `access` is what it gives: the plan, the plan for the days of grace, or nothing.
 */
const STRIPE_STATUSES = {
  active: { status: 'active', live: true, access: 'plan' },
  trialing: { status: 'trialing', live: true, access: 'plan' },
  past_due: { status: 'past_due', live: true, access: 'grace' },
  unpaid: { status: 'past_due', live: true, access: 'none' },
  incomplete: { status: 'past_due', live: true, access: 'none' },
  paused: { status: 'past_due', live: true, access: 'none' },
  canceled: { status: 'canceled', live: false, access: 'none' },
  incomplete_expired: { status: 'canceled', live: false, access: 'none' },
} as const satisfies Record<string, StatusMeaning>;

interface StatusMeaning {
  status: SubscriptionStatus;
  live: boolean;
  access: 'plan' | 'grace' | 'none';
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

/** Paid up or on trial: what a plan change needs. */
export function isInGoodStanding(rawStatus: string): boolean {
  return rawStatus === 'active' || rawStatus === 'trialing';
}

/**
 * When the subscription will end, or `null` when it renews. Stripe's portal sets only the instant,
 * the API's `cancel_at_period_end` sets the flag and, on newer subscriptions, the instant too.
 * Source: Stripe, "Compare billing modes", cancellations in the customer portal.
 */
export function cancelsAt(subscription: {
  cancelAt: Date | null;
  cancelAtPeriodEnd: boolean;
  currentPeriodEnd: Date | null;
}): Date | null {
  if (subscription.cancelAt) return subscription.cancelAt;
  return subscription.cancelAtPeriodEnd ? subscription.currentPeriodEnd : null;
}
