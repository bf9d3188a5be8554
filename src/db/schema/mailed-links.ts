import { sql } from 'drizzle-orm';
import { check, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { users } from './users.ts';

/** Links that were mailed and do something once: what for, to whom, and until when. */
export const mailedLinks = pgTable(
  'mailed_links',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** `reset_password`, `change_email` or `revert_email`. */
    purpose: text().notNull(),
    /** SHA-256 of the link's token, hex. The token itself is kept nowhere: it follows from the id. */
    tokenHash: text().notNull().unique(),
    /** The address that it is about: where it was sent, for `change_email` the new one. */
    email: text().notNull(),
    /** By the machine's clock, as all that expires. */
    expiresAt: instant().notNull(),
    /** When it was followed, or lost its force with another one. */
    usedAt: instant(),
    createdAt: createdAt(),
  },
  (t) => [
    index('mailed_links_user_idx').on(t.userId, t.purpose),
    index('mailed_links_expires_idx').on(t.expiresAt),
    // An address that may yet be taken back is nobody else's meanwhile.
    index('mailed_links_revert_idx')
      .on(t.email)
      .where(sql`${t.purpose} = 'revert_email' and ${t.usedAt} is null`),
    check('mailed_links_email_lower', sql`${t.email} = lower(${t.email})`),
  ],
);

/**
 * Addresses for which somebody said that the password is forgotten, until the mails are written.
 * Kept first and looked up later, so that the answer takes as long for an address that nobody has.
 */
export const passwordRequests = pgTable(
  'password_requests',
  { id: id(), email: text().notNull(), createdAt: createdAt() },
  (t) => [index('password_requests_created_idx').on(t.createdAt)],
);

export type MailedLink = typeof mailedLinks.$inferSelect;
