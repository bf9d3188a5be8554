import { jsonb, pgTable, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';

/**
 * Corrections of usage that were asked for and whose bucket lies on another server: from before they
 * are written there until their entry is in the audit log, which is here.
 */
export const meteringCorrections = pgTable('metering_corrections', {
  id: uuid().primaryKey(),
  tenantId: uuid().notNull(),
  /** What was asked for. */
  request: jsonb().notNull(),
  createdAt: createdAt(),
});
