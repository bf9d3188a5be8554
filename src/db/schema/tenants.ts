import { index, jsonb, pgTable, text, type AnyPgColumn, uuid } from 'drizzle-orm/pg-core';
import type { Money } from '../../domain/money.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';
import { plan } from './enums.ts';
import { subscriptions } from './subscriptions.ts';

/** A customer of the platform: its users, its one Stripe customer, its effective plan. */
export const tenants = pgTable(
  'tenants',
  {
    id: id(),
    name: text().notNull(),
    /** The effective plan. Written only by the sync; a trigger carries it to the quota rows. */
    plan: plan().notNull().default('free'),
    /** The subscription the plan comes from, or null on free. */
    subscriptionId: uuid().references((): AnyPgColumn => subscriptions.id, {
      onDelete: 'set null',
    }),
    /**
     * While only a part of a period of `plan` is paid: the plan that was paid whole, and the part. A
     * month's limits lie between those of the two; a trigger carries them to the quota rows.
     */
    basePlan: plan(),
    shareFrom: instant(),
    shareUntil: instant(),
    stripeCustomerId: text().unique(),
    /** What Stripe holds for invoices to come, a sum a currency, as last read. */
    credits: jsonb().$type<Money[]>().notNull().default([]),
    /** A tenant tries once. */
    trialUsedAt: instant(),
    /** When this tenant's billing was last read from Stripe. */
    syncedAt: instant(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    /** A deleted tenant stays as a tombstone: its invoices and its ledger must keep their owner. */
    deletedAt: instant(),
  },
  (t) => [index('tenants_subscription_idx').on(t.subscriptionId)],
);

export type Tenant = typeof tenants.$inferSelect;
export type NewTenant = typeof tenants.$inferInsert;
