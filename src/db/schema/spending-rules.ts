import { sql } from 'drizzle-orm';
import { bigint, check, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { SpendingPreset, SpendingRule } from '../../domain/billing/spending/rules.ts';
import { instant } from './columns.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

const maximum = () => bigint({ mode: 'number' });

/** What a tenant may spend on packs at most; without a row there is no rule. */
export const spendingRules = pgTable(
  'spending_rules',
  {
    tenantId: uuid()
      .primaryKey()
      .references(() => tenants.id),
    preset: text().$type<SpendingPreset>().notNull(),
    /** Null: no rule holds. */
    currency: text(),
    /** Whose days and months are meant; as it was when the first rule was set. */
    timeZone: text().notNull(),
    singleMaxMinor: maximum(),
    dayMaxMinor: maximum(),
    monthMaxMinor: maximum(),
    /** A looser one that was asked for, and from when on it holds. */
    next: jsonb().$type<SpendingRule>(),
    nextAt: instant(),
    setBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    setAt: instant().notNull(),
  },
  (t) => [
    check(
      'spending_rules_maxima',
      sql`coalesce(${t.singleMaxMinor}, 0) >= 0 and coalesce(${t.dayMaxMinor}, 0) >= 0
        and coalesce(${t.monthMaxMinor}, 0) >= 0
        and num_nonnulls(${t.next}, ${t.nextAt}) <> 1`,
    ),
  ],
);

export type SpendingRuleRow = typeof spendingRules.$inferSelect;
