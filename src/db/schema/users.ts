import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant, updatedAt } from './columns.ts';
import { userRole } from './enums.ts';
import { tenants } from './tenants.ts';

export const users = pgTable(
  'users',
  {
    id: id(),
    /**
     * One of the person's tenants, and the role there: the first one on registering. `memberships` is
     * what counts; triggers keep the two in step for the version before.
     */
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    /** Lower case, unique over all tenants. */
    email: text().notNull().unique(),
    passwordHash: text().notNull(),
    displayName: text().notNull(),
    role: userRole().notNull().default('member'),
    /** BCP 47, for mails and hosted pages. */
    locale: text().notNull().default('zh-CN'),
    /** IANA name of the zone that the person reads dates in; null until a page told it. */
    timeZone: text(),
    /** Kinds of mails that the person does not want; those that must be are sent all the same. */
    mutedMails: text().array().notNull().default([]),
    /** When the person showed that the address is theirs. */
    emailVerifiedAt: instant(),
    /** Messages sent before that. */
    unverifiedMessages: integer().notNull().default(0),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index('users_tenant_idx').on(t.tenantId),
    index('users_email_prefix_idx').on(t.email.op('text_pattern_ops')),
    check('users_email_lower', sql`${t.email} = lower(${t.email})`),
  ],
);

/**
 * A refresh token is used once: using it sets `usedAt` and makes the next one of its family. A
 * used one that comes back was stolen, so the whole family is revoked.
 */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    familyId: uuid().notNull(),
    /** The tenant that the session is in; null where it was not chosen. */
    tenantId: uuid().references(() => tenants.id, { onDelete: 'set null' }),
    /** SHA-256 of the token, hex. The token itself is never kept. */
    tokenHash: text().notNull().unique(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
    revokedAt: instant(),
    /** Where it was given out, for the list of one's sessions; null for older ones. */
    userAgent: text(),
    address: text(),
    createdAt: createdAt(),
  },
  (t) => [
    index('refresh_tokens_family_idx').on(t.familyId),
    index('refresh_tokens_user_idx').on(t.userId),
    index('refresh_tokens_expires_idx').on(t.expiresAt),
  ],
);

/**
 * Addresses from which somebody has signed in: from there an account stays open while strangers
 * try to guess its password.
 */
export const knownAddresses = pgTable(
  'known_addresses',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** SHA-256 of user and address, hex: enough to know it again. */
    addressHash: text().notNull(),
    lastUsedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.addressHash] }),
    index('known_addresses_last_used_idx').on(t.lastUsedAt),
  ],
);

export type User = typeof users.$inferSelect;
export type NewUser = typeof users.$inferInsert;
export type RefreshToken = typeof refreshTokens.$inferSelect;
export type NewRefreshToken = typeof refreshTokens.$inferInsert;
