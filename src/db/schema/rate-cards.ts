import { sql } from 'drizzle-orm';
import { check, integer, jsonb, pgTable } from 'drizzle-orm/pg-core';
import type { Weights } from '../../domain/billing/usage/rate-card.ts';
import { instant } from './columns.ts';

/**
 * What the tokens of each model weigh, card by card. The one in force when a call begins weighs it. A
 * row never changes (a trigger refuses): the ledger names the card that a call was weighed by.
 */
export const rateCards = pgTable(
  'rate_cards',
  {
    /** 1, 2, … in the order of publishing. */
    version: integer().primaryKey(),
    effectiveAt: instant().notNull(),
    /** Model → millionths of a unit a token, by kind; `*` is every other model. */
    weights: jsonb().$type<Record<string, Weights>>().notNull(),
    publishedAt: instant().notNull(),
  },
  (t) => [check('rate_cards_version', sql`${t.version} > 0`)],
);
