import type { Payment, Subscription } from '../../../db/schema/index.ts';
import type { CardView, PastDueView, SubscriptionView } from '../../../domain/api.ts';
import { effectiveSubscription, graceEndsAt } from '../../../domain/subscription-access.ts';
import type { Plan } from '../../../domain/plans.ts';
import type { RemedyCause } from '../../../domain/remedy.ts';
import { isLive } from '../../../domain/subscription-status.ts';

export interface Shown {
  plan: Plan;
  /** The subscription that the view is of; `undefined` for a tenant that never had one. */
  row: Subscription | undefined;
  /** The same, while it is not over. */
  live: Subscription | undefined;
}

/** Which of the tenant's subscriptions is shown, and the plan it has now. */
export function chooseShown(rows: readonly Subscription[], now: Date, graceDays: number): Shown {
  const { plan, subscription } = effectiveSubscription(rows, now, graceDays);
  const live = subscription && isLive(subscription.stripeStatus) ? subscription : undefined;
  return { plan, row: subscription, live };
}

/** The subscription as people see it. An ended one shows when it ended, and nothing to pay. */
export function viewSubscription(
  { plan, row, live }: Shown,
  options: {
    openPayment: Payment | undefined;
    graceDays: number;
    stale: boolean;
    endReason: RemedyCause | null;
  },
): SubscriptionView {
  const { stale } = options;
  if (!row) return { ...NEVER_PAID, stale };
  if (!live) {
    const cancelAt = iso(row.endedAt ?? row.cancelAt);
    const { endReason } = options;
    return { ...NEVER_PAID, status: 'canceled', cancelAt, endReason, stale };
  }
  return {
    plan,
    status: live.status,
    interval: live.interval,
    priceId: live.stripePriceId,
    currentPeriodStart: iso(live.currentPeriodStart),
    currentPeriodEnd: iso(live.currentPeriodEnd),
    cancelAtPeriodEnd: live.cancelAtPeriodEnd,
    cancelAt: iso(live.cancelAt),
    trialEnd: live.status === 'trialing' ? iso(live.trialEnd) : null,
    scheduledChange:
      live.scheduledPlan && live.scheduledPriceId && live.scheduledAt
        ? {
            plan: live.scheduledPlan,
            priceId: live.scheduledPriceId,
            effectiveAt: live.scheduledAt.toISOString(),
          }
        : null,
    paymentMethod: cardOf(live),
    pastDue: pastDueOf(live, options),
    endReason: null,
    stale,
  };
}

const NEVER_PAID: Omit<SubscriptionView, 'stale'> = {
  plan: 'free',
  status: 'active',
  interval: null,
  priceId: null,
  currentPeriodStart: null,
  currentPeriodEnd: null,
  cancelAtPeriodEnd: false,
  cancelAt: null,
  trialEnd: null,
  scheduledChange: null,
  paymentMethod: null,
  pastDue: null,
  endReason: null,
};

function cardOf(row: Subscription): CardView | null {
  const { cardBrand, cardLast4, cardExpMonth, cardExpYear } = row;
  if (!cardBrand || !cardLast4 || cardExpMonth === null || cardExpYear === null) return null;
  return { brand: cardBrand, last4: cardLast4, expMonth: cardExpMonth, expYear: cardExpYear };
}

function pastDueOf(
  row: Subscription,
  { openPayment, graceDays }: { openPayment: Payment | undefined; graceDays: number },
): PastDueView | null {
  if (row.status !== 'past_due' || !row.pastDueSince || !openPayment) return null;
  return {
    since: row.pastDueSince.toISOString(),
    graceEndsAt: graceEndsAt(row.pastDueSince, graceDays).toISOString(),
    amountMinor: openPayment.amountRemainingMinor,
    currency: openPayment.currency,
    nextAttemptAt: iso(openPayment.nextAttemptAt),
    payUrl: openPayment.hostedInvoiceUrl,
  };
}

function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
