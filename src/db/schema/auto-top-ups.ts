import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { TopUpPause } from '../../domain/billing/spending/top-up.ts';
import { instant } from './columns.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

const amount = () => bigint({ mode: 'number' }).notNull();

/** What a tenant agreed to have bought by itself when few credits are left. */
export const autoTopUps = pgTable(
  'auto_top_ups',
  {
    tenantId: uuid()
      .primaryKey()
      .references(() => tenants.id),
    enabled: boolean().notNull(),
    packId: text().notNull(),
    /** Fewer credits than these, and a pack is bought. */
    lowCredits: integer().notNull(),
    /** Of a month of `timeZone`. */
    monthMaxMinor: amount(),
    timeZone: text().notNull(),
    /** What the pack cost and gave when it was agreed to; `credits` with the bonus. */
    amountMinor: amount(),
    currency: text().notNull(),
    credits: integer().notNull(),
    /** How long those can be used; null where it was agreed to before this was noted. */
    validDays: integer(),
    agreedBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    agreedAt: instant().notNull(),
    /** Why it rests until somebody does something. */
    paused: text().$type<TopUpPause>(),
    /** The card that was declined, so that another is known as one. */
    pausedMethod: text(),
    changedAt: instant().notNull(),
  },
  (t) => [
    index('auto_top_ups_ready_idx')
      .on(t.tenantId)
      .where(sql`${t.enabled} and ${t.paused} is null`),
    check(
      'auto_top_ups_amounts',
      sql`${t.lowCredits} > 0 and ${t.lowCredits} <= ${t.credits} and ${t.amountMinor} > 0
        and ${t.monthMaxMinor} >= ${t.amountMinor}`,
    ),
  ],
);

export type AutoTopUp = typeof autoTopUps.$inferSelect;
