import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import {
  STATEMENT_KINDS,
  STATEMENT_STATES,
  type CreditAccountState,
  type LineDetail,
  type ProofFormat,
} from '../../domain/billing/statement.ts';
import type { ResourceType } from '../../domain/quota.ts';
import { id, instant } from './columns.ts';
import { tenants } from './tenants.ts';

export const statementKind = pgEnum('statement_kind', STATEMENT_KINDS);
export const statementState = pgEnum('statement_state', STATEMENT_STATES);

const whole = () => bigint({ mode: 'number' }).notNull();

/**
 * A closed run of an account's movements, `seq_from` to `seq_to` of the tenant's bucket: what of it is
 * beyond quota and credits is priced in its lines and invoiced once. The runs of a tenant follow one
 * another without gap or overlap. What it bills never changes; what becomes of it is written under the
 * customer's lock.
 */
export const statements = pgTable(
  'statements',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    kind: statementKind().notNull(),
    /** The month that it closes, or in which it was closed. */
    period: text().notNull(),
    seqFrom: whole(),
    seqTo: whole(),
    state: statementState().notNull(),
    currency: text().notNull(),
    /** Of its own lines. */
    amountMinor: whole(),
    /** What was too little to invoice before, and is collected with this one. */
    carriedInMinor: whole(),
    /** µcr of its own lines. */
    micro: whole(),
    rows: whole(),
    sha256: text().notNull(),
    /** Of the statement before; empty for the first. */
    previousSha256: text().notNull(),
    /** How its proof is written, and hashed: 2 has the model and the card of each movement. */
    proofFormat: smallint().$type<ProofFormat>().notNull().default(1),
    closedAt: instant().notNull(),
    /** Staff keeps it from being invoiced, or its invoice is not what it should be. */
    heldAt: instant(),
    /** Staff does not want it paid any more; it is once Stripe knows. */
    writeOffAskedAt: instant(),
    stripeCustomerId: text(),
    stripeInvoiceId: text().unique(),
    invoiceNumber: text(),
    hostedInvoiceUrl: text(),
    /** The bank wants the customer to confirm the payment. */
    actionRequired: boolean().notNull().default(false),
    nextAttemptAt: instant(),
    settledAt: instant(),
    /** Its state as the credit account in the bucket had it last; see `credit_overage_billed`. */
    told: text().$type<CreditAccountState>(),
    /** When Stripe is to be asked about it again; null when nothing is expected. */
    lookAt: instant(),
    lookAttempts: integer().notNull().default(0),
    lastError: text(),
    syncedAt: instant(),
  },
  (t) => [
    unique('statements_from').on(t.tenantId, t.seqFrom),
    index('statements_look_idx')
      .on(t.lookAt)
      .where(sql`${t.lookAt} is not null`),
    index('statements_number_idx').on(t.invoiceNumber),
    check('statements_currency_lower', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('statements_run', sql`${t.seqFrom} > 0 and ${t.seqTo} = ${t.seqFrom} + ${t.rows} - 1`),
    check(
      'statements_told',
      sql`${t.told} in ('billed', 'paid', 'returned', 'lost', 'failed', 'uncollectible', 'void')`,
    ),
  ],
);

/** What a statement bills of one month, resource, rate and price. Append only. */
export const statementLines = pgTable(
  'statement_lines',
  {
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    statementId: uuid()
      .notNull()
      .references(() => statements.id),
    n: integer().notNull(),
    period: text().notNull(),
    resourceType: text().$type<ResourceType>().notNull(),
    rateMicro: whole(),
    minorPerCredit: numeric({ precision: 20, scale: 12 }).notNull(),
    units: whole(),
    micro: whole(),
    /** What statements before billed of the same, in the same currency. */
    microBefore: whole(),
    amountMinor: whole(),
    /** The same by model and card, for who reads it: it adds up to the line, and is priced with it. */
    details: jsonb().$type<LineDetail[]>().notNull().default([]),
    /** As it stands on the invoice, written at the closing: what is sent again is what was sent first. */
    description: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.statementId, t.n] }),
    index('statement_lines_tenant_idx').on(t.tenantId, t.period),
  ],
);

export type Statement = typeof statements.$inferSelect;
export type NewStatement = typeof statements.$inferInsert;
export type StatementLineRow = typeof statementLines.$inferSelect;
