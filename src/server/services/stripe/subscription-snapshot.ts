import { z } from 'zod';
import {
  expanded,
  idOf,
  instantOrNull,
  metadata,
  paymentMethod,
  price,
  seconds,
  toDate,
} from './shapes.ts';

/**
 * The one reader of Stripe's subscriptions, schedules and customers: what we use of them, checked.
 * Periods are the item's, not the subscription's (since 2025-03-31.basil). Throws a ZodError when
 * Stripe answers what these shapes do not know, so that a moved field is noticed and not read as
 * "nothing".
 */

const item = z
  .object({ id: z.string(), price, current_period_start: seconds, current_period_end: seconds })
  .transform(({ id, price, current_period_start, current_period_end }) => ({
    id,
    price,
    currentPeriodStart: toDate(current_period_start),
    currentPeriodEnd: toDate(current_period_end),
  }));

export type SubscriptionItemSnapshot = z.output<typeof item>;

const phase = z
  .object({
    start_date: seconds,
    end_date: seconds,
    items: z.array(z.object({ price: idOf })),
  })
  .transform(({ start_date, end_date, items }) => ({
    startsAt: toDate(start_date),
    endsAt: toDate(end_date),
    priceIds: items.map((one) => one.price),
  }));

const schedule = z
  .object({
    id: z.string(),
    status: z.string(),
    metadata,
    end_behavior: z.string(),
    phases: z.array(phase),
    current_phase: z.object({ start_date: seconds, end_date: seconds }).nullish(),
  })
  .transform(({ current_phase, end_behavior, ...rest }) => ({
    ...rest,
    endBehavior: end_behavior,
    currentPhaseEndsAt: current_phase ? toDate(current_phase.end_date) : null,
  }));

export type ScheduleSnapshot = z.output<typeof schedule>;

export function readSchedule(answer: unknown): ScheduleSnapshot {
  return schedule.parse(answer);
}

const latestInvoice = z
  .object({
    id: z.string(),
    status: z.string().nullish(),
    status_transitions: z.object({ finalized_at: instantOrNull }).nullish(),
  })
  .transform(({ id, status, status_transitions }) => ({
    id,
    status: status ?? null,
    finalizedAt: status_transitions?.finalized_at ?? null,
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
    /** The prices that a change waiting for payment would bring; `null` when none waits. */
    pendingPriceIds: s.pending_update
      ? (s.pending_update.subscription_items ?? []).map((one) => one.price)
      : null,
  }));

export type SubscriptionSnapshot = z.output<typeof subscription>;

/** What must be expanded for `readSubscription` to see everything. */
export const SUBSCRIPTION_EXPAND = ['default_payment_method', 'schedule', 'latest_invoice'];

export function readSubscription(answer: unknown): SubscriptionSnapshot {
  return subscription.parse(answer);
}

const customer = z
  .object({
    id: z.string(),
    deleted: z.literal(false).optional(),
    metadata,
    currency: z.string().nullish(),
    invoice_settings: z.object({ default_payment_method: expanded(paymentMethod) }).nullish(),
  })
  .transform(({ id, metadata, currency, invoice_settings }) => ({
    id,
    deleted: false as const,
    metadata,
    currency: currency ?? null,
    paymentMethod: invoice_settings?.default_payment_method ?? null,
  }));

const deletedCustomer = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .transform(({ id }) => ({ id, deleted: true as const }));

export type CustomerSnapshot = z.output<typeof customer> | z.output<typeof deletedCustomer>;

export function readCustomer(answer: unknown): CustomerSnapshot {
  return z.union([deletedCustomer, customer]).parse(answer);
}
