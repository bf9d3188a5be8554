import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { invoiceStatus } from './enums.ts';
import { subscriptions, tenants } from './tenants.ts';

const amountMinor = () => bigint({ mode: 'number' }).notNull().default(0);

/** One row an invoice of Stripe's, as it stands there now. Amounts are in minor units. */
export const payments = pgTable(
  'payments',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    subscriptionId: uuid().references(() => subscriptions.id, { onDelete: 'set null' }),
    stripeInvoiceId: text().notNull().unique(),
    stripeSubscriptionId: text(),
    stripeCustomerId: text().notNull(),
    stripePaymentIntentId: text(),
    stripeChargeId: text(),
    number: text(),
    status: invoiceStatus().notNull(),
    amountDueMinor: amountMinor(),
    amountPaidMinor: amountMinor(),
    amountRemainingMinor: amountMinor(),
    /** Tax and all, before credit notes and the customer's balance; null where we have not read it since it is kept. */
    totalMinor: bigint({ mode: 'number' }),
    /** What of that Stripe took from what it held for the customer; nothing of a void one, which gave it back. */
    fromBalanceMinor: amountMinor(),
    /** What of it went back in any way: refunded, put on the customer's balance, or beside Stripe. */
    amountRefundedMinor: amountMinor(),
    taxMinor: amountMinor(),
    /** ISO 4217 in lower case, as Stripe writes it. */
    currency: text().notNull(),
    /** Stripe's `billing_reason`. */
    reason: text(),
    periodStart: instant(),
    periodEnd: instant(),
    paidAt: instant(),
    attemptCount: integer().notNull().default(0),
    nextAttemptAt: instant(),
    failureCode: text(),
    failureMessage: text(),
    /** Stripe's status of the dispute over this payment: needs_response, lost, …; null without one. */
    disputeStatus: text(),
    disputedMinor: amountMinor(),
    hostedInvoiceUrl: text(),
    invoicePdf: text(),
    /** When Stripe made the invoice. */
    createdAt: createdAt(),
    syncedAt: instant().notNull(),
  },
  (t) => [
    index('payments_tenant_created_idx').on(t.tenantId, t.createdAt, t.id),
    index('payments_tenant_period_idx').on(t.tenantId, t.periodStart),
    index('payments_subscription_idx').on(t.subscriptionId),
    index('payments_charge_idx').on(t.stripeChargeId),
    index('payments_intent_idx').on(t.stripePaymentIntentId),
    index('payments_number_idx').on(t.number),
    index('payments_paid_idx').on(t.paidAt),
    index('payments_recovered_idx')
      .on(t.paidAt)
      .where(sql`${t.status} = 'paid' and ${t.attemptCount} > 1`),
    index('payments_one_off_idx')
      .on(t.paidAt)
      .where(sql`${t.status} = 'paid' and ${t.stripeSubscriptionId} is null`),
    index('payments_of_subscription_idx')
      .on(t.stripeSubscriptionId, t.tenantId)
      .where(sql`${t.amountPaidMinor} > 0`),
    index('payments_failing_idx')
      .on(t.createdAt, t.id)
      .where(sql`${t.status} = 'open' and ${t.attemptCount} > 0`),
    check('payments_currency_lower', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check(
      'payments_amounts',
      sql`${t.amountPaidMinor} >= 0 and ${t.fromBalanceMinor} >= 0
        and ${t.amountRefundedMinor} between 0 and ${t.amountPaidMinor} + ${t.fromBalanceMinor}`,
    ),
  ],
);

export const refunds = pgTable(
  'refunds',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    paymentId: uuid().references(() => payments.id),
    /** Of a credit note, for what it gives back beside Stripe. */
    stripeRefundId: text().notNull().unique(),
    stripeChargeId: text(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    /** Stripe's own status: pending, requires_action, succeeded, failed, canceled. */
    status: text().notNull(),
    reason: text(),
    createdAt: createdAt(),
    syncedAt: instant().notNull(),
  },
  (t) => [
    index('refunds_tenant_idx').on(t.tenantId),
    index('refunds_payment_idx').on(t.paymentId),
    index('refunds_created_idx').on(t.createdAt),
    check('refunds_amount_positive', sql`${t.amountMinor} > 0`),
  ],
);

export type Payment = typeof payments.$inferSelect;
export type NewPayment = typeof payments.$inferInsert;
export type Refund = typeof refunds.$inferSelect;
export type NewRefund = typeof refunds.$inferInsert;
