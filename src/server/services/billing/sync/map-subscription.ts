import type { NewSubscription, Subscription } from '../../../../db/schema/index.ts';
import type { SubscriptionStatus } from '../../../../domain/api.ts';
import { endOf, type ScheduleFacts } from '../../../../domain/billing/converge.ts';
import type { Plan } from '../../../../domain/plans.ts';
import { raiseOf } from '../../../../domain/billing/plan-share.ts';
import { givesAccess } from '../../../../domain/billing/subscription-access.ts';
import { meaningOf, parseStripeStatus } from '../../../../domain/billing/subscription-status.ts';
import type { PaymentMethodSnapshot } from '../../stripe/snapshots/schemas.ts';
import type {
  SubscriptionItemSnapshot,
  SubscriptionSnapshot,
} from '../../stripe/snapshots/subscription-snapshot.ts';

import type { PriceKnowledge } from './read-prices.ts';
import { scheduleFacts } from './schedule-facts.ts';

export interface Finding {
  kind: 'unknown_status' | 'unknown_price' | 'collection_paused';
  message: string;
  details: object;
}

export type SubscriptionValues = Omit<NewSubscription, 'id' | 'tenantId' | 'createdAt'>;

export interface Mapped {
  values: SubscriptionValues;
  /** What an operator must look at. */
  findings: Finding[];
}

export interface MapContext extends PriceKnowledge {
  customerPaymentMethod: PaymentMethodSnapshot | null;
  graceDays: number;
  now: Date;
  /** Since when the oldest invoice that is unpaid now is owed, by subscription. */
  owedSince: ReadonlyMap<string, Date>;
  /** What Stripe says the next invoice will take, by subscription; `null`: none will come. */
  renewals: ReadonlyMap<string, { amountMinor: number; currency: string } | null>;
}

/**
 * Stripe's subscription as our row. What Stripe says is taken over; what it says in words that we
 * do not know leaves the last known plan and status as they were.
 */
export function mapSubscription(
  snapshot: SubscriptionSnapshot,
  previous: Subscription | undefined,
  context: MapContext,
): Mapped {
  const { now } = context;
  const item = chooseItem(snapshot, context);
  const price = context.plans.get(item.price.id);
  const findings: Finding[] = [];
  if (!price) {
    findings.push({
      ...{ kind: 'unknown_price', details: { price: item.price.id } },
      message: `The price ${item.price.id} is not in the catalogue; the plan stays as it was.`,
    });
  }
  const known = parseStripeStatus(snapshot.status);
  if (!known) {
    findings.push({
      ...{ kind: 'unknown_status', details: { status: snapshot.status } },
      message: `Stripe says "${snapshot.status}", which we do not know; access stays as it was.`,
    });
  }
  if (snapshot.collectionPause) {
    findings.push({
      ...{ kind: 'collection_paused', details: {} },
      message: 'Collecting is paused at Stripe: the plan goes on and nothing is charged.',
    });
  }
  const status = known ? meaningOf(known).status : keptStatus(previous, now, context.graceDays);
  const method = snapshot.paymentMethod ?? context.customerPaymentMethod;
  const schedule = status === 'canceled' ? null : scheduleFacts(snapshot, item, context);
  const ends = endOf({ ...snapshot, periodEndsAt: item.currentPeriodEnd, schedule });
  const sold = {
    plan: price?.plan ?? previous?.plan ?? ('free' as const),
    planVersion: price?.version ?? previous?.planVersion ?? null,
    stripePriceId: item.price.id,
  };
  return {
    findings,
    values: {
      ...sold,
      status,
      stripeStatus: snapshot.status,
      stripeSubscriptionId: snapshot.id,
      stripeCustomerId: snapshot.customerId,
      stripeItemId: item.id,
      interval: price?.interval ?? null,
      currentPeriodStart: item.currentPeriodStart,
      currentPeriodEnd: item.currentPeriodEnd,
      ...raiseOf({ ...raiseNow(snapshot, item, now), ...sold }, previous),
      cancelAtPeriodEnd: ends !== null && status !== 'canceled',
      cancelAt: ends,
      canceledAt: snapshot.canceledAt,
      endedAt: snapshot.endedAt,
      trialEnd: snapshot.trialEnd,
      pastDueSince: pastDueSince(status, snapshot, previous, context),
      ...scheduledChange(schedule, context),
      stripeScheduleId: snapshot.scheduleId,
      ...nextInvoice(snapshot, previous, context),
      ...pendingChange(snapshot, context),
      pauseReason: pauseReason(snapshot),
      pauseEndsAt: snapshot.collectionPause?.resumesAt ?? null,
      latestInvoiceId: snapshot.latestInvoiceId,
      defaultPaymentMethodId: method?.id ?? null,
      cardBrand: method?.card?.brand ?? null,
      cardLast4: method?.card?.last4 ?? null,
      cardExpMonth: method?.card?.expMonth ?? null,
      cardExpYear: method?.card?.expYear ?? null,
      stripeCreatedAt: snapshot.createdAt,
      syncedAt: now,
      updatedAt: now,
    },
  };
}

function raiseNow(
  { status, latestInvoice }: SubscriptionSnapshot,
  { currentPeriodStart, currentPeriodEnd }: SubscriptionItemSnapshot,
  now: Date,
): Omit<Parameters<typeof raiseOf>[0], 'plan' | 'planVersion' | 'stripePriceId'> {
  const charged = latestInvoice?.finalizedAt;
  const within = charged && charged > currentPeriodStart && charged < currentPeriodEnd;
  return {
    stripeStatus: status,
    currentPeriodStart,
    currentPeriodEnd,
    latestInvoicePaid: latestInvoice?.status === 'paid',
    changedAt: within ? charged : now,
    chargedWithin: isWithinPeriod(latestInvoice, currentPeriodStart),
  };
}

/** A change that begins a period has its invoice at the period's start, give or take a moment. */
const MOMENT_MS = 60_000;

function isWithinPeriod(
  latestInvoice: SubscriptionSnapshot['latestInvoice'],
  periodStart: Date,
): boolean {
  const made = latestInvoice?.createdAt?.getTime() ?? 0;
  const isChange = latestInvoice?.billingReason === 'subscription_update';
  return isChange && made > periodStart.getTime() + MOMENT_MS;
}

/** The item that carries a plan of ours; add-ons beside it do not count. */
export function chooseItem(
  snapshot: SubscriptionSnapshot,
  { plans }: PriceKnowledge,
): SubscriptionItemSnapshot {
  const item = snapshot.items.find((one) => plans.has(one.price.id)) ?? snapshot.items[0];
  if (!item) throw new Error(`The subscription ${snapshot.id} has no items.`);
  return item;
}

/** With an unknown status: what it was while that gave access, else a state that gives none. */
function keptStatus(
  previous: Subscription | undefined,
  now: Date,
  graceDays: number,
): SubscriptionStatus {
  if (previous?.status === 'canceled') return 'canceled';
  return previous && givesAccess(previous, now, graceDays) ? previous.status : 'past_due';
}

/**
 * Since when money is missing: since the oldest invoice that is unpaid now was due, which is the same
 * however late we come to know, and not since one that was paid while nobody looked.
 */
function pastDueSince(
  status: SubscriptionStatus,
  snapshot: SubscriptionSnapshot,
  previous: Subscription | undefined,
  { owedSince, now }: MapContext,
): Date | null {
  if (status !== 'past_due') return null;
  const owed = owedSince.get(snapshot.id);
  if (owed) return owed;
  if (previous?.pastDueSince) return previous.pastDueSince;
  // An unknown status that gives nothing must not earn days of grace.
  if (!parseStripeStatus(snapshot.status)) return null;
  const { latestInvoice } = snapshot;
  return latestInvoice?.dueAt ?? latestInvoice?.finalizedAt ?? now;
}

/** Stripe's own answer; where it could not be had, what it was for the same period. */
function nextInvoice(
  { id, items }: SubscriptionSnapshot,
  previous: Subscription | undefined,
  { renewals }: MapContext,
): Pick<SubscriptionValues, 'nextInvoiceMinor' | 'nextInvoiceCurrency' | 'nextInvoiceAt'> {
  const renewal = renewals.get(id);
  // An add-on by the month is billed before a plan by the year.
  const at = new Date(Math.min(...items.map((one) => one.currentPeriodEnd.getTime())));
  if (renewal) {
    const { amountMinor, currency } = renewal;
    return {
      nextInvoiceMinor: amountMinor,
      nextInvoiceCurrency: currency,
      nextInvoiceAt: at,
    };
  }
  const isKept = renewal === undefined && previous?.nextInvoiceAt?.getTime() === at.getTime();
  return isKept ? {} : { nextInvoiceMinor: null, nextInvoiceCurrency: null, nextInvoiceAt: null };
}

/** A change whose invoice can still be paid; one that was voided is none any more. */
function pendingChange(
  { pendingChange: pending, latestInvoice }: SubscriptionSnapshot,
  { plans }: PriceKnowledge,
): Pick<SubscriptionValues, 'pendingPlan' | 'pendingPriceId' | 'pendingUntil'> {
  const priceId = pending?.priceIds.find((id) => plans.has(id));
  const price = priceId === undefined ? undefined : plans.get(priceId);
  if (!pending || !price || latestInvoice?.status !== 'open') {
    return { pendingPlan: null, pendingPriceId: null, pendingUntil: null };
  }
  return { pendingPlan: price.plan, pendingPriceId: priceId, pendingUntil: pending.expiresAt };
}

/** Why nothing is collected: Stripe's reason of `paused`, or `collection` where staff stopped it. */
function pauseReason({
  status,
  pauseReason: reason,
  collectionPause,
}: SubscriptionSnapshot): string | null {
  if (status === 'paused') return reason ?? 'paused';
  return collectionPause ? 'collection' : null;
}

export interface Scheduled {
  scheduledPlan: Plan | null;
  scheduledPriceId: string | null;
  scheduledAt: Date | null;
}

/** The change of price that the attached schedule brings next. */
function scheduledChange(schedule: ScheduleFacts | null, { plans }: PriceKnowledge): Scheduled {
  const change = schedule?.changes;
  const price = change && plans.get(change.priceId);
  if (!price) return { scheduledPlan: null, scheduledPriceId: null, scheduledAt: null };
  return {
    scheduledPlan: price.plan,
    scheduledPriceId: change.priceId,
    scheduledAt: change.at,
  };
}
