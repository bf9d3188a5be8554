import { bigint, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { BusinessSum } from '../../domain/accounts/operator-business.ts';

const sums = () => ({
  /** `YYYY-MM`, UTC. */
  month: text().notNull(),
  currency: text().notNull(),
  name: text().$type<BusinessSum>().notNull(),
  minor: bigint({ mode: 'number' }).notNull(),
  count: bigint({ mode: 'number' }).notNull(),
});

/**
 * What a calendar month came to, by currency. Triggers of `payments`, `refunds` and `mrr_movements` write
 * each change to `business_changes`, where nobody waits for anybody; the two together are the sums.
 */
export const businessMonths = pgTable('business_months', sums(), (t) => [
  primaryKey({ columns: [t.month, t.currency, t.name] }),
]);

/** By how much the sums moved since they were last put together. */
export const businessChanges = pgTable('business_changes', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  ...sums(),
});
