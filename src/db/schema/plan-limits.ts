import { sql } from 'drizzle-orm';
import { bigint, check, pgTable, primaryKey } from 'drizzle-orm/pg-core';
import { plan, resourceType } from './enums.ts';

/** What a plan includes a month. Kept equal to the catalogue of `domain/plans` at every start. */
export const planLimits = pgTable(
  'plan_limits',
  {
    plan: plan().notNull(),
    resourceType: resourceType().notNull(),
    /** null: unlimited. 0: not included. */
    limit: bigint({ mode: 'number' }),
  },
  (t) => [
    primaryKey({ columns: [t.plan, t.resourceType] }),
    check('plan_limits_not_negative', sql`${t.limit} >= 0`),
  ],
);
