import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';
import { stripeEventState } from './enums.ts';

/** The inbox: every event Stripe delivered, once, before anything is done about it. */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    /** Stripe's event id. */
    id: text().primaryKey(),
    type: text().notNull(),
    objectId: text(),
    stripeCustomerId: text(),
    apiVersion: text(),
    livemode: boolean().notNull(),
    payload: jsonb().notNull(),
    /** When Stripe made the event. */
    stripeCreatedAt: instant().notNull(),
    receivedAt: instant().notNull(),
    state: stripeEventState().notNull().default('received'),
    attempts: integer().notNull().default(0),
    lastError: text(),
    nextAttemptAt: instant(),
    processedAt: instant(),
  },
  (t) => [
    index('stripe_events_open_idx')
      .on(t.receivedAt)
      .where(sql`${t.state} = 'received'`),
    index('stripe_events_dead_idx')
      .on(t.receivedAt)
      .where(sql`${t.state} = 'dead'`),
    index('stripe_events_ignored_idx')
      .on(t.receivedAt, t.id)
      .where(sql`${t.state} = 'ignored'`),
    index('stripe_events_customer_idx').on(t.stripeCustomerId, t.stripeCreatedAt),
    index('stripe_events_created_idx').on(t.stripeCreatedAt),
    index('stripe_events_newest_idx').on(t.receivedAt, t.id),
    check(
      'stripe_events_processed_when_done',
      sql`(${t.state} in ('processed', 'ignored')) = (${t.processedAt} is not null)`,
    ),
  ],
);

export type StripeEventRow = typeof stripeEvents.$inferSelect;
export type NewStripeEventRow = typeof stripeEvents.$inferInsert;
