import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { userRole } from './enums.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

/** Who belongs to which tenant, and as what. A person may belong to several. */
export const memberships = pgTable(
  'memberships',
  {
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: userRole().notNull(),
    /** Who has none reads and does nothing. A change of plan gives and takes them, by a trigger. */
    hasSeat: boolean().notNull().default(true),
    joinedAt: instant().notNull(),
    /** When the person last went to this tenant: a sign-in begins in the newest. */
    chosenAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.userId] }),
    index('memberships_user_idx').on(t.userId),
  ],
);

/** Who was asked by mail to join a tenant. One that is `open` past its end may be sent again. */
export const invitations = pgTable(
  'invitations',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    /** Lower case. */
    email: text().notNull(),
    role: userRole().notNull(),
    /** `open`, `accepted` or `revoked`. */
    state: text().notNull().default('open'),
    /** The link of the newest mail; the token follows from it and is kept nowhere. */
    linkId: uuid().notNull(),
    /** SHA-256 of the link's token, hex. */
    tokenHash: text().notNull().unique(),
    /** How often it was mailed. */
    mails: integer().notNull().default(1),
    invitedBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    /** By the product's clock, as the page of the team shows it. */
    expiresAt: instant().notNull(),
    settledAt: instant(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('invitations_open_idx')
      .on(t.tenantId, t.email)
      .where(sql`${t.state} = 'open'`),
    index('invitations_invited_by_idx').on(t.invitedBy),
    check('invitations_email_lower', sql`${t.email} = lower(${t.email})`),
    check('invitations_state', sql`${t.state} in ('open', 'accepted', 'revoked')`),
  ],
);

export type Membership = typeof memberships.$inferSelect;
export type Invitation = typeof invitations.$inferSelect;
