import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { id, instant } from './columns.ts';
import { users } from './users.ts';

/** People who run the installation: the operator's page is theirs, whatever team they belong to. */
export const operators = pgTable('operators', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  grantedBy: text().notNull(),
  grantedAt: instant().notNull(),
});

/** Sessions of operators: short, apart from those of the product, and gone with the operator. */
export const operatorSessions = pgTable(
  'operator_sessions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => operators.userId, { onDelete: 'cascade' }),
    /** SHA-256 of the token, hex. */
    tokenHash: text().notNull().unique(),
    /** Of password and second factor as they were: another one ends the session. */
    credentialsMark: text().notNull(),
    /** What for, as the operator said: the cause of every view. */
    reason: text().notNull(),
    createdAt: instant().notNull(),
    lastUsedAt: instant().notNull(),
  },
  (t) => [index('operator_sessions_user_idx').on(t.userId)],
);

export type Operator = typeof operators.$inferSelect;
export type OperatorSession = typeof operatorSessions.$inferSelect;
