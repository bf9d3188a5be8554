import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/**
 * Who had a free trial: keyed hashes of e-mail addresses and card fingerprints, so that they can
 * stay when the tenant is deleted. Nothing here can be read back.
 */
export const trialUses = pgTable(
  'trial_uses',
  {
    /** `email` or `card`. */
    kind: text().notNull(),
    hash: text().notNull(),
    stripeSubscriptionId: text().notNull(),
    usedAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.hash] })],
);
