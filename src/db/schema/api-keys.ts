import { sql } from 'drizzle-orm';
import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

export const apiKeys = pgTable(
  'api_keys',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    /** The first characters, so that a person can tell keys apart. */
    prefix: text().notNull(),
    /** SHA-256 of the key, hex. The key itself is shown once and never kept. */
    keyHash: text().notNull().unique(),
    /** What the key may do; `null` is everything that keys may do. */
    scopes: text().array(),
    /** From then on it opens nothing; `null` is never. */
    expiresAt: instant(),
    lastUsedAt: instant(),
    revokedAt: instant(),
    createdAt: createdAt(),
  },
  (t) => [
    index('api_keys_live_idx')
      .on(t.tenantId, t.createdAt)
      .where(sql`${t.revokedAt} is null`),
    index('api_keys_user_idx').on(t.userId),
  ],
);

export type ApiKey = typeof apiKeys.$inferSelect;
export type NewApiKey = typeof apiKeys.$inferInsert;
