import { z } from 'zod';
import { schedulePhase } from './schedule-phase.ts';
import {
  expanded,
  idOf,
  instantOrNull,
  metadata,
  paymentMethod,
  price,
  seconds,
  toDate,
} from './schemas.ts';

/**
 * The one reader of Stripe's subscriptions, schedules and customers: what we use of them, checked.
 * Periods are the item's, not the subscription's (since 2025-03-31.basil). Throws a ZodError when
 * Stripe answers what these shapes do not know, so that a moved field is noticed and not read as
 * "nothing".
 */

/** What is taken off, and until when; `isOnce`: by the first invoice that it takes something off. */
const discount = z
  .union([
    z.string().transform((id) => ({ id, end: null, source: null })),
    z.object({
      id: z.string(),
      end: instantOrNull,
      source: z
        .object({ coupon: z.union([z.string(), z.object({ duration: z.string() }), z.null()]) })
        .nullish(),
    }),
  ])
  .transform(({ id, end, source }) => {
    const coupon = source?.coupon;
    return { id, end, isOnce: typeof coupon === 'object' && coupon?.duration === 'once' };
  });

const item = z
  .object({
    id: z.string(),
    price,
    quantity: z.number().int().nullish(),
    discounts: z.array(idOf).nullish(),
    tax_rates: z.array(idOf).nullish(),
    current_period_start: seconds,
    current_period_end: seconds,
  })
  .transform((one) => ({
    id: one.id,
    price: one.price,
    quantity: one.quantity ?? null,
    discountIds: one.discounts ?? [],
    /** Of this item alone; without any those of the subscription apply. */
    taxRateIds: one.tax_rates ?? [],
    currentPeriodStart: toDate(one.current_period_start),
    currentPeriodEnd: toDate(one.current_period_end),
  }));

export type SubscriptionItemSnapshot = z.output<typeof item>;

const schedule = z
  .object({
    id: z.string(),
    status: z.string(),
    metadata,
    end_behavior: z.string(),
    phases: z.array(schedulePhase),
    current_phase: z.object({ start_date: seconds, end_date: seconds }).nullish(),
  })
  .transform(({ current_phase, end_behavior, ...rest }) => ({
    ...rest,
    endBehavior: end_behavior,
    currentPhase: current_phase
      ? { startsAt: toDate(current_phase.start_date), endsAt: toDate(current_phase.end_date) }
      : null,
  }));

export type ScheduleSnapshot = z.output<typeof schedule>;

export function readSchedule(answer: unknown): ScheduleSnapshot {
  return schedule.parse(answer);
}

const latestInvoice = z
  .object({
    id: z.string(),
    status: z.string().nullish(),
    created: instantOrNull,
    billing_reason: z.string().nullish(),
    status_transitions: z.object({ finalized_at: instantOrNull }).nullish(),
    due_date: instantOrNull,
    hosted_invoice_url: z.string().nullish(),
    amount_paid: z.number().int(),
  })
  .transform((i) => ({
    id: i.id,
    status: i.status ?? null,
    createdAt: i.created,
    /** Stripe's word for why it was made, such as `subscription_cycle`. */
    billingReason: i.billing_reason ?? null,
    finalizedAt: i.status_transitions?.finalized_at ?? null,
    /** Of invoices that are sent; those that are charged are due at once. */
    dueAt: i.due_date,
    hostedInvoiceUrl: i.hosted_invoice_url ?? null,
    amountPaidMinor: i.amount_paid,
  }));

const subscription = z
  .object({
    id: z.string(),
    customer: idOf,
    status: z.string(),
    livemode: z.boolean(),
    created: seconds,
    currency: z.string(),
    metadata,
    items: z.object({ data: z.array(item).min(1) }),
    cancel_at: instantOrNull,
    cancel_at_period_end: z.boolean(),
    canceled_at: instantOrNull,
    ended_at: instantOrNull,
    trial_start: instantOrNull,
    trial_end: instantOrNull,
    cancellation_details: z.object({ reason: z.string().nullish() }).nullish(),
    schedule: z.union([z.null(), z.string(), schedule]).nullish(),
    latest_invoice: z.union([z.null(), z.string(), latestInvoice]).nullish(),
    default_payment_method: expanded(paymentMethod),
    collection_method: z.string(),
    discounts: z.array(discount).nullish(),
    default_tax_rates: z.array(idOf).nullish(),
    automatic_tax: z.object({ enabled: z.boolean() }).nullish(),
    pause_collection: z.object({ behavior: z.string(), resumes_at: instantOrNull }).nullish(),
    status_details: z
      .object({
        paused: z.object({ subscription: z.object({ type: z.string() }).nullish() }).nullish(),
      })
      .nullish(),
    pending_update: z
      .object({
        expires_at: seconds,
        subscription_items: z.array(z.object({ price: idOf })).nullish(),
      })
      .nullish(),
  })
  .transform((s) => ({
    id: s.id,
    customerId: s.customer,
    status: s.status,
    createdAt: toDate(s.created),
    currency: s.currency,
    metadata: s.metadata,
    items: s.items.data,
    cancelAt: s.cancel_at,
    cancelAtPeriodEnd: s.cancel_at_period_end,
    canceledAt: s.canceled_at,
    endedAt: s.ended_at,
    trialStart: s.trial_start,
    trialEnd: s.trial_end,
    cancellationReason: s.cancellation_details?.reason ?? null,
    scheduleId: typeof s.schedule === 'string' ? s.schedule : (s.schedule?.id ?? null),
    schedule: typeof s.schedule === 'string' ? null : (s.schedule ?? null),
    latestInvoiceId:
      typeof s.latest_invoice === 'string' ? s.latest_invoice : (s.latest_invoice?.id ?? null),
    latestInvoice: typeof s.latest_invoice === 'string' ? null : (s.latest_invoice ?? null),
    paymentMethod: s.default_payment_method,
    discounts: s.discounts ?? [],
    taxRateIds: s.default_tax_rates ?? [],
    automaticTax: s.automatic_tax?.enabled ?? false,
    /** True when invoices are sent to be paid by hand instead of charged. */
    sendsInvoices: s.collection_method === 'send_invoice',
    /** Staff have stopped collecting, for a time or until they resume it; the status goes on. */
    collectionPause: s.pause_collection
      ? { behavior: s.pause_collection.behavior, resumesAt: s.pause_collection.resumes_at }
      : null,
    /** Stripe's reason of the status `paused`. */
    pauseReason: s.status_details?.paused?.subscription?.type ?? null,
    /** A change that waits for its payment, with the prices it would bring; `null` when none waits. */
    pendingChange: s.pending_update
      ? {
          priceIds: (s.pending_update.subscription_items ?? []).map((one) => one.price),
          expiresAt: toDate(s.pending_update.expires_at),
        }
      : null,
  }));

export type SubscriptionSnapshot = z.output<typeof subscription>;

/** What must be expanded for `readSubscription` to see everything. */
export const SUBSCRIPTION_EXPAND = [
  'default_payment_method',
  'schedule',
  'latest_invoice',
  'discounts.source.coupon',
];

export function readSubscription(answer: unknown): SubscriptionSnapshot {
  return subscription.parse(answer);
}

const customer = z
  .object({
    id: z.string(),
    deleted: z.literal(false).optional(),
    metadata,
    currency: z.string().nullish(),
    invoice_credit_balance: z.record(z.string(), z.number().int()).nullish(),
    invoice_settings: z.object({ default_payment_method: expanded(paymentMethod) }).nullish(),
  })
  .transform(({ id, metadata, currency, invoice_credit_balance, invoice_settings }) => ({
    id,
    deleted: false as const,
    metadata,
    currency: currency ?? null,
    /** What pays for invoices to come, each in its own currency. Debts are no credit. */
    credits: Object.entries(invoice_credit_balance ?? {})
      .filter(([, amountMinor]) => amountMinor > 0)
      .map(([code, amountMinor]) => ({ amountMinor, currency: code }))
      .sort((a, b) => a.currency.localeCompare(b.currency)),
    paymentMethod: invoice_settings?.default_payment_method ?? null,
  }));

const deletedCustomer = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .transform(({ id }) => ({ id, deleted: true as const }));

export type CustomerSnapshot = z.output<typeof customer> | z.output<typeof deletedCustomer>;

export function readCustomer(answer: unknown): CustomerSnapshot {
  return z.union([deletedCustomer, customer]).parse(answer);
}
