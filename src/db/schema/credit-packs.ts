import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import type { Money } from '../../domain/money.ts';
import { instant } from './columns.ts';

/**
 * What each pack of credits is, version by version. A row never changes (a trigger refuses): a
 * purchase names the version that it is of.
 */
export const creditPacks = pgTable(
  'credit_packs',
  {
    id: text().notNull(),
    /** 1, 2, … in the order of publishing. */
    version: integer().notNull(),
    credits: integer().notNull(),
    bonus: integer().notNull(),
    validDays: integer().notNull(),
    /** One a currency; the first is the price's own. */
    amounts: jsonb().$type<Money[]>().notNull(),
    active: boolean().notNull(),
    publishedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.id, t.version] }),
    check(
      'credit_packs_amounts',
      sql`${t.version} > 0 and ${t.credits} > 0 and ${t.bonus} >= 0 and ${t.validDays} > 0`,
    ),
  ],
);

/** Which version of a pack a price of Stripe's sells, for ever. */
export const creditPackPrices = pgTable(
  'credit_pack_prices',
  {
    stripePriceId: text().primaryKey(),
    packId: text().notNull(),
    version: integer().notNull(),
    boundAt: instant().notNull(),
  },
  (t) => [
    foreignKey({
      columns: [t.packId, t.version],
      foreignColumns: [creditPacks.id, creditPacks.version],
    }),
  ],
);
