import type { ListedStatement } from '../../../../db/repositories/billing/statements/statement.repository.ts';
import type { BillingIntent, Payment, Subscription } from '../../../../db/schema/index.ts';
import type {
  AnnouncedChange,
  CardView,
  GrowingLimits,
  NextInvoiceView,
  PastDueView,
  PauseView,
  PendingChangeView,
  SettledView,
  SubscriptionView,
  UnsettledView,
} from '../../../../domain/api.ts';
import {
  effectiveSubscription,
  graceEndsAt,
} from '../../../../domain/billing/subscription-access.ts';
import type { UnpaidStatementView } from '../../../../domain/billing/statement.ts';
import type { Money } from '../../../../domain/money.ts';
import type { Plan } from '../../../../domain/plans.ts';
import type { RemedyCause } from '../../../../domain/billing/remedy.ts';
import { wantsConfirmation } from '../../../../domain/billing/payment-view.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';

export interface Shown {
  plan: Plan;
  /** The subscription that the view is of; `undefined` for a tenant that never had one. */
  row: Subscription | undefined;
  /** The same, while it is not over. */
  live: Subscription | undefined;
  /** Further ones that are not over. */
  others: Subscription[];
}

/** Which of the tenant's subscriptions is shown, and the plan it has now. */
export function chooseShown(rows: readonly Subscription[], now: Date, graceDays: number): Shown {
  const { plan, subscription } = effectiveSubscription(rows, now, graceDays);
  const live = subscription && isLive(subscription.stripeStatus) ? subscription : undefined;
  const others = rows.filter((one) => one !== live && isLive(one.stripeStatus));
  return { plan, row: subscription, live, others };
}

export interface ViewOptions {
  /** What of the shown subscription can be paid now. */
  openPayment: Payment | undefined;
  /** The last thing that the tenant wanted, settled or not. */
  last: BillingIntent | undefined;
  settled: SettledView | null;
  credits: Money[];
  endReason: RemedyCause | null;
  growing: GrowingLimits | null;
  announcedChange: AnnouncedChange | null;
  now: Date;
  graceDays: number;
  stale: boolean;
}

/** The subscription as people see it. An ended one shows when it ended, and nothing to pay. */
export function viewSubscription(
  { plan, row, live, others }: Shown,
  options: ViewOptions,
): SubscriptionView {
  const { stale, settled, credits, announcedChange } = options;
  const unsettled = unsettledOf(options.last);
  const asked = { unsettled, settled, credits, announcedChange };
  if (!row) return { ...NEVER_PAID, ...asked, stale };
  if (!live) {
    const cancelAt = iso(row.endedAt ?? row.cancelAt);
    const { endReason } = options;
    return { ...NEVER_PAID, status: 'canceled', cancelAt, endReason, ...asked, stale };
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
    growing: options.growing,
    endReason: null,
    nextInvoice: nextInvoiceOf(live),
    pendingChange: pendingOf(live, options),
    pause: pauseOf(live),
    others: others.map(({ plan, status, cancelAt }) => ({ plan, status, cancelAt: iso(cancelAt) })),
    ...asked,
    stale,
  };
}

/** What is due of a statement whose payment failed, for who may pay and for who may not. */
export function viewUnpaid(row: ListedStatement, mayPay: boolean): UnpaidStatementView {
  const { id, period, currency, actionRequired, nextAttemptAt } = row;
  return {
    ...{ id, period, currency, actionRequired, nextAttemptAt: iso(nextAttemptAt) },
    dueMinor: row.remainingMinor ?? row.amountMinor + row.carriedInMinor,
    // The address is as good as a key to the invoice.
    payUrl: mayPay ? row.hostedInvoiceUrl : null,
  };
}

const NEVER_PAID: Omit<
  SubscriptionView,
  'stale' | 'unsettled' | 'settled' | 'credits' | 'announcedChange'
> = {
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
  growing: null,
  endReason: null,
  nextInvoice: null,
  pendingChange: null,
  pause: null,
  others: [],
};

function cardOf(row: Subscription): CardView | null {
  const { cardBrand, cardLast4, cardExpMonth, cardExpYear } = row;
  if (!cardBrand || !cardLast4 || cardExpMonth === null || cardExpYear === null) return null;
  return { brand: cardBrand, last4: cardLast4, expMonth: cardExpMonth, expYear: cardExpYear };
}

function pastDueOf(row: Subscription, { openPayment, graceDays }: ViewOptions): PastDueView | null {
  if (row.status !== 'past_due' || !row.pastDueSince || !openPayment) return null;
  return {
    since: row.pastDueSince.toISOString(),
    graceEndsAt: graceEndsAt(row.pastDueSince, graceDays, row).toISOString(),
    amountMinor: openPayment.amountRemainingMinor,
    currency: openPayment.currency,
    nextAttemptAt: iso(openPayment.nextAttemptAt),
    actionRequired: wantsConfirmation(openPayment.failureCode),
    payUrl: openPayment.hostedInvoiceUrl,
  };
}

function nextInvoiceOf(row: Subscription): NextInvoiceView | null {
  const { nextInvoiceMinor, nextInvoiceCurrency, nextInvoiceAt } = row;
  if (nextInvoiceMinor === null || !nextInvoiceCurrency || !nextInvoiceAt) return null;
  return {
    amountMinor: nextInvoiceMinor,
    currency: nextInvoiceCurrency,
    at: nextInvoiceAt.toISOString(),
  };
}

function pendingOf(row: Subscription, { openPayment }: ViewOptions): PendingChangeView | null {
  const { pendingPlan, pendingPriceId, pendingUntil } = row;
  if (!pendingPlan || !pendingPriceId || !pendingUntil) return null;
  return {
    plan: pendingPlan,
    priceId: pendingPriceId,
    expiresAt: pendingUntil.toISOString(),
    payUrl: openPayment?.hostedInvoiceUrl ?? null,
  };
}

function pauseOf({ pauseReason, pauseEndsAt }: Subscription): PauseView | null {
  if (!pauseReason) return null;
  const of = pauseReason === 'collection' ? 'collection' : 'subscription';
  return { of, resumesAt: iso(pauseEndsAt) };
}

function unsettledOf(intent: BillingIntent | undefined): UnsettledView | null {
  // One that waits for the customer's payment is told as what waits.
  if (intent?.state !== 'open') return null;
  return { kind: intent.goal.kind, since: intent.createdAt.toISOString() };
}

function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
