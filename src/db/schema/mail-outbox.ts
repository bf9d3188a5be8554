import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { tenants } from './tenants.ts';

/**
 * Mails to send, written in the transaction of what they tell of. (kind, subject id, attempt) is
 * unique, so that a retried transaction or a repeated event never mails twice.
 */
export const mailOutbox = pgTable(
  'mail_outbox',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    /** Which template: `payment_failed`, `usage_threshold`, … */
    kind: text().notNull(),
    /** What it is about: an invoice id, a subscription id, `tenant:resource:period:80`, … */
    subjectId: text().notNull(),
    /** Which one of several about the same subject, as Stripe's attempt count. */
    attempt: integer().notNull().default(0),
    recipient: text().notNull(),
    locale: text().notNull(),
    /** The reader's zone, in which dates are written; null: UTC. */
    timeZone: text(),
    /** What the template needs. */
    data: jsonb().notNull().default({}),
    createdAt: createdAt(),
    sentAt: instant(),
    sendAttempts: integer().notNull().default(0),
    nextSendAt: instant(),
    lastError: text(),
    /** Given up: it needs a person. */
    failedAt: instant(),
    /** How often an operator had it sent again: each goes out as a mail of its own. */
    resends: integer().notNull().default(0),
  },
  (t) => [
    unique('mail_outbox_once').on(t.kind, t.subjectId, t.attempt),
    index('mail_outbox_unsent_idx')
      .on(t.createdAt)
      .where(sql`${t.sentAt} is null and ${t.failedAt} is null`),
    index('mail_outbox_given_up_idx')
      .on(t.failedAt)
      .where(sql`${t.failedAt} is not null`),
    index('mail_outbox_tenant_idx').on(t.tenantId, t.createdAt),
    check('mail_outbox_attempts', sql`${t.attempt} >= 0 and ${t.sendAttempts} >= 0`),
  ],
);

export type Mail = typeof mailOutbox.$inferSelect;
export type NewMail = typeof mailOutbox.$inferInsert;
