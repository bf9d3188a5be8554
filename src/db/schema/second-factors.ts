import { bigint, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, instant } from './columns.ts';
import { users } from './users.ts';

/** What a person shows besides the password: codes of an app, or the ones kept for when it is lost. */
export const secondFactors = pgTable('second_factors', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** The app's secret, sealed with a key that the database does not have. */
  sealedSecret: text().notNull(),
  /** The last half minute whose code was taken: a code works once. */
  lastStep: bigint({ mode: 'number' }).notNull().default(0),
  /** SHA-256 of the recovery codes that are left, hex. */
  recoveryHashes: text().array().notNull().default([]),
  createdAt: createdAt(),
  /** When the first code was shown; one is asked for from then on. */
  confirmedAt: instant(),
});

export type SecondFactor = typeof secondFactors.$inferSelect;
