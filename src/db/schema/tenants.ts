import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  uuid,
  type AnyPgColumn,
} from 'drizzle-orm/pg-core';
import type { OveragePause } from '../../domain/billing/overage.ts';
import type { Money } from '../../domain/money.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';
import { billingInterval, plan, subscriptionStatus } from './enums.ts';

// Tenants and subscriptions are in one file because their rows point at each other.

/** A customer of the platform: its users, its one Stripe customer, its effective plan. */
export const tenants = pgTable(
  'tenants',
  {
    id: id(),
    name: text().notNull(),
    /** The effective plan. Written only by the sync; a trigger carries it to the quota rows. */
    plan: plan().notNull().default('free'),
    /** Which version of it: the one that the price was sold with. Null: the newest, as on free. */
    planVersion: integer(),
    /** The subscription the plan comes from, or null on free. */
    subscriptionId: uuid().references((): AnyPgColumn => subscriptions.id, {
      onDelete: 'set null',
    }),
    /**
     * While only a part of a period of `plan` is paid: the plan that was paid whole, and the part. A
     * month's limits lie between those of the two; a trigger carries them to the quota rows.
     */
    basePlan: plan(),
    basePlanVersion: integer(),
    shareFrom: instant(),
    shareUntil: instant(),
    /** In what overage is billed: the currency of `subscription`. Null: none is sold, as on free. */
    overageCurrency: text(),
    /** Why overage must not be used for now: the status of `subscription`. */
    overageSuspended: text().$type<OveragePause>(),
    /** Counts the changes of what the tenant may use; metering takes over what is newer than it has. */
    entitlementVersion: bigint({ mode: 'number' }).notNull().default(1),
    /** The bucket in which its metering lies. Set by a trigger, then only where the tenant is moved. */
    usageBucket: smallint().notNull().default(0),
    stripeCustomerId: text().unique(),
    /** What Stripe holds for invoices to come, a sum a currency, as last read. */
    credits: jsonb().$type<Money[]>().notNull().default([]),
    /** Whom the mails about money go to besides the owner. */
    billingEmail: text(),
    /** A tenant tries once. */
    trialUsedAt: instant(),
    /** When its owner's address was changed, until Stripe's customer has the new one. */
    contactChangedAt: instant(),
    /** When this tenant's billing was last read from Stripe. */
    syncedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** A deleted tenant stays as a tombstone: its invoices and its ledger must keep their owner. */
    deletedAt: instant(),
  },
  (t) => [
    index('tenants_subscription_idx').on(t.subscriptionId),
    index('tenants_newest_idx').on(t.createdAt, t.id),
    index('tenants_words_idx').using('gin', sql`to_tsvector('simple', ${t.name})`),
    index('tenants_contact_changed_idx')
      .on(t.contactChangedAt)
      .where(sql`${t.contactChangedAt} is not null`),
  ],
);

export type Tenant = typeof tenants.$inferSelect;
export type NewTenant = typeof tenants.$inferInsert;

/**
 * One row a Stripe subscription. A tenant may have several over time; the effective one is
 * computed from all of them. Only the sync writes here.
 */
export const subscriptions = pgTable(
  'subscriptions',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    plan: plan().notNull(),
    /** By the price; null: the newest. */
    planVersion: integer(),
    status: subscriptionStatus().notNull(),
    /** Stripe's own status, also one that we do not know yet. */
    stripeStatus: text().notNull(),
    stripeSubscriptionId: text().notNull().unique(),
    stripeCustomerId: text().notNull(),
    stripePriceId: text().notNull(),
    stripeItemId: text(),
    interval: billingInterval(),
    currentPeriodStart: instant(),
    currentPeriodEnd: instant(),
    cancelAtPeriodEnd: boolean().notNull().default(false),
    cancelAt: instant(),
    canceledAt: instant(),
    endedAt: instant(),
    trialEnd: instant(),
    pastDueSince: instant(),
    /** Grace that an operator gave, and for the arrears of which instant; written by `extendGrace` alone. */
    graceUntil: instant(),
    graceFor: instant(),
    scheduledPlan: plan(),
    scheduledPriceId: text(),
    scheduledAt: instant(),
    stripeScheduleId: text(),
    /** What Stripe says the next invoice will take, after coupons, balance and tax. */
    nextInvoiceMinor: bigint({ mode: 'number' }),
    nextInvoiceCurrency: text(),
    nextInvoiceAt: instant(),
    /** A change that waits for its payment, and until when. */
    pendingPlan: plan(),
    pendingPriceId: text(),
    pendingUntil: instant(),
    /** Why nothing is collected: `collection`, or Stripe's reason of a status `paused`. */
    pauseReason: text(),
    pauseEndsAt: instant(),
    /** The plan that was paid whole when a higher one began in the middle of a period. */
    raisedFrom: plan(),
    raisedFromVersion: integer(),
    raisedAt: instant(),
    /** The end of the period of which a part was paid. */
    raisedUntil: instant(),
    latestInvoiceId: text(),
    defaultPaymentMethodId: text(),
    cardBrand: text(),
    cardLast4: text(),
    cardExpMonth: smallint(),
    cardExpYear: smallint(),
    /** When Stripe made the subscription. */
    stripeCreatedAt: instant(),
    syncedAt: instant().notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('subscriptions_tenant_period_idx').on(t.tenantId, t.currentPeriodEnd),
    index('subscriptions_customer_idx').on(t.stripeCustomerId),
    index('subscriptions_past_due_idx')
      .on(t.pastDueSince)
      .where(sql`${t.pastDueSince} is not null`),
    index('subscriptions_begun_idx').on(sql`coalesce(${t.stripeCreatedAt}, ${t.createdAt})`),
    index('subscriptions_live_idx')
      .on(t.plan, t.status)
      .where(sql`${t.status} <> 'canceled'`),
    index('subscriptions_trials_idx')
      .on(t.stripeSubscriptionId, t.tenantId, t.status)
      .where(sql`${t.trialEnd} is not null`),
    check(
      'subscriptions_period_order',
      sql`${t.currentPeriodStart} is null or ${t.currentPeriodEnd} > ${t.currentPeriodStart}`,
    ),
    check(
      'subscriptions_schedule_whole',
      sql`num_nonnulls(${t.scheduledPlan}, ${t.scheduledPriceId}, ${t.scheduledAt}) in (0, 3)`,
    ),
  ],
);

export type Subscription = typeof subscriptions.$inferSelect;
export type NewSubscription = typeof subscriptions.$inferInsert;
