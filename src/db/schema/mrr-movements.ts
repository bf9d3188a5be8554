import { bigint, check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { MOVEMENTS, type MrrMovement } from '../../domain/prices.ts';
import { instant } from './columns.ts';
import { tenants } from './tenants.ts';

/**
 * How the monthly recurring revenue of tenants moved, written by the sync when it finds another sum than
 * the last one. The last row of a tenant and currency is what it is now.
 */
export const mrrMovements = pgTable(
  'mrr_movements',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    at: instant().notNull(),
    kind: text().$type<MrrMovement>().notNull(),
    currency: text().notNull(),
    beforeMinor: bigint({ mode: 'number' }).notNull(),
    afterMinor: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [
    index('mrr_movements_at_idx').on(t.at, t.id),
    index('mrr_movements_tenant_idx').on(t.tenantId, t.currency, t.id),
    check(
      'mrr_movements_kind',
      sql`${t.kind} in (${sql.raw(MOVEMENTS.map((kind) => `'${kind}'`).join(', '))})`,
    ),
    check(
      'mrr_movements_amounts',
      sql`${t.beforeMinor} >= 0 and ${t.afterMinor} >= 0 and ${t.beforeMinor} <> ${t.afterMinor}`,
    ),
  ],
);

export type MrrMovementRow = typeof mrrMovements.$inferSelect;
