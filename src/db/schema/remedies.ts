import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { tenants } from './tenants.ts';

export const remedyState = pgEnum('remedy_state', ['open', 'done', 'noted']);

/**
 * What has to be put right at Stripe because money came that gives nothing, or would: a refund, or
 * the end of a subscription; and what an operator gives back. Written in the transaction that found it,
 * carried out after it, once:
 * a kind and its subject are there once for ever. `noted` is left to an operator, by policy.
 */
export const remedies = pgTable(
  'remedies',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    /** `end_subscription`, `refund_invoice` or `refund_sum`. */
    kind: text().notNull(),
    /** Stripe's id of the subscription or invoice; of a sum with the ref that it is given for. */
    subjectId: text().notNull(),
    /** `late_payment`, `duplicate_subscription`, `trial_used`, `operator`. */
    cause: text().notNull(),
    state: remedyState().notNull(),
    /** From when on payments of the subscription are given back; of a sum what and why; what the carrying out found. */
    details: jsonb().notNull().default({}),
    attempts: integer().notNull().default(0),
    lastError: text(),
    nextAttemptAt: instant().notNull(),
    createdAt: createdAt(),
    doneAt: instant(),
  },
  (t) => [
    unique('remedies_once').on(t.kind, t.subjectId),
    index('remedies_open_idx')
      .on(t.nextAttemptAt)
      .where(sql`${t.state} = 'open'`),
    index('remedies_tenant_idx').on(t.tenantId),
  ],
);

export type Remedy = typeof remedies.$inferSelect;
export type NewRemedy = typeof remedies.$inferInsert;
