import { index, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/**
 * Customers who could not be read from Stripe while others could: they are skipped and tried again
 * at `retryAt`. A success removes the row.
 */
export const syncFailures = pgTable(
  'sync_failures',
  {
    stripeCustomerId: text().primaryKey(),
    /** Tries in a row that failed. */
    attempts: integer().notNull(),
    error: text().notNull(),
    failedAt: instant().notNull(),
    retryAt: instant().notNull(),
  },
  (t) => [index('sync_failures_due_idx').on(t.retryAt)],
);

export type SyncFailure = typeof syncFailures.$inferSelect;
