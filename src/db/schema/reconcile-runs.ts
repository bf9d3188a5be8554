import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { MendedTenant, RunFailure, RunTrigger } from '../../domain/accounts/reconcile-run.ts';
import { instant } from './columns.ts';

/**
 * One row a comparison of all customers with Stripe: what it looked at, mended and could not read. Kept for
 * some months; the lists hold the first of many, the numbers count all.
 */
export const reconcileRuns = pgTable(
  'reconcile_runs',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    trigger: text().$type<RunTrigger>().notNull(),
    begunAt: instant().notNull(),
    /** Null while it goes on, and for one that was killed. */
    endedAt: instant(),
    customers: integer().notNull().default(0),
    mendedCount: integer().notNull().default(0),
    mended: jsonb().$type<MendedTenant[]>().notNull().default([]),
    failedCount: integer().notNull().default(0),
    failed: jsonb().$type<RunFailure[]>().notNull().default([]),
    /** Why it ended before its time. */
    error: text(),
  },
  (t) => [
    index('reconcile_runs_begun_idx').on(t.begunAt),
    check('reconcile_runs_trigger', sql`${t.trigger} in ('schedule', 'hand')`),
  ],
);

export type ReconcileRun = typeof reconcileRuns.$inferSelect;
