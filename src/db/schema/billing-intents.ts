import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import type { Goal, IntentOrigin } from '../../domain/billing/intent.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';
import { intentState } from './enums.ts';
import { tenants } from './tenants.ts';

/**
 * What a customer wants of the subscription, written and committed before Stripe is asked, so that
 * what is cut half-way can be carried to its end or back. At most one unsettled a tenant.
 */
export const billingIntents = pgTable(
  'billing_intents',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    /** Where Stripe is to be brought; its shape is the domain's. */
    goal: jsonb().$type<Goal>().notNull(),
    /** How it was when the customer asked: where it is taken back to. */
    origin: jsonb().$type<IntentOrigin>().notNull(),
    state: intentState().notNull().default('open'),
    actorId: text().notNull(),
    requestId: text(),
    attempts: integer().notNull().default(0),
    lastError: text(),
    createdAt: createdAt(),
    /** When Stripe was last asked for it. */
    updatedAt: updatedAt(),
    settledAt: instant(),
    /** When a task found out what the customer, who asked, could not be told. */
    foundOutAt: instant(),
  },
  (t) => [
    uniqueIndex('billing_intents_one_unsettled')
      .on(t.tenantId)
      .where(sql`${t.state} in ('open', 'waiting')`),
    index('billing_intents_tenant_idx').on(t.tenantId, t.createdAt),
  ],
);

export type BillingIntent = typeof billingIntents.$inferSelect;
export type NewBillingIntent = typeof billingIntents.$inferInsert;
