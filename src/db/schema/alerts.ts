import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { id, instant } from './columns.ts';
import { tenants } from './tenants.ts';

/** Things an operator must look at. One open alert a (kind, subject); a repeat counts up. */
export const alerts = pgTable(
  'alerts',
  {
    id: id(),
    tenantId: uuid().references(() => tenants.id),
    /** `unknown_price`, `event_dead`, `duplicate_subscription`, … */
    kind: text().notNull(),
    subjectId: text().notNull(),
    message: text().notNull(),
    details: jsonb().notNull().default({}),
    count: integer().notNull().default(1),
    raisedAt: instant().notNull(),
    lastRaisedAt: instant().notNull(),
    resolvedAt: instant(),
  },
  (t) => [
    uniqueIndex('alerts_one_open')
      .on(t.kind, t.subjectId)
      .where(sql`${t.resolvedAt} is null`),
    index('alerts_tenant_idx').on(t.tenantId),
    index('alerts_newest_idx').on(t.raisedAt, t.id),
    index('alerts_open_idx')
      .on(t.raisedAt, t.id)
      .where(sql`${t.resolvedAt} is null`),
  ],
);

export type Alert = typeof alerts.$inferSelect;
export type NewAlert = typeof alerts.$inferInsert;
