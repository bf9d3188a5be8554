import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { PURCHASE_STATES, type PurchaseTrigger } from '../../domain/billing/purchase.ts';
import { createdAt, id, instant } from './columns.ts';
import { creditPacks } from './credit-packs.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

export const purchaseState = pgEnum('purchase_state', PURCHASE_STATES);

const amount = () => bigint({ mode: 'number' }).notNull().default(0);

/**
 * One row a pack that somebody began to buy, as it stands at Stripe now. What it costs and gives is
 * fixed when it begins. Written under the customer's lock; the credits themselves are in the tenant's
 * bucket, under the id of this row.
 */
export const creditPurchases = pgTable(
  'credit_purchases',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    userId: uuid().references(() => users.id, { onDelete: 'set null' }),
    /** `auto`: an auto top-up, which nobody is present at. */
    trigger: text().$type<PurchaseTrigger>().notNull().default('user'),
    packId: text().notNull(),
    packVersion: integer().notNull(),
    state: purchaseState().notNull().default('wanted'),
    credits: integer().notNull(),
    bonus: integer().notNull(),
    validDays: integer().notNull(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    /**
     * What was paid, by a charge or from the customer's balance; null while nothing is paid, and for what was
     * granted before it was kept.
     */
    chargedMinor: bigint({ mode: 'number' }),
    /** What of that may still go back as money; null where it was not read since it is kept. */
    leftMinor: bigint({ mode: 'number' }),
    currency: text().notNull(),
    stripeCustomerId: text().notNull(),
    stripePriceId: text().notNull(),
    /** In which language the payment page is asked for: a repeat asks for the same. */
    locale: text().notNull(),
    stripeSessionId: text().unique(),
    /** Where it is paid. */
    url: text(),
    /** From then on nobody can pay it. */
    expiresAt: instant().notNull(),
    stripePaymentIntentId: text().unique(),
    stripeInvoiceId: text().unique(),
    paidAt: instant(),
    /** The end of what it has given. */
    creditsExpireAt: instant(),
    refundedMinor: amount(),
    /** What is on its way back and may still fail. */
    refundPendingMinor: amount(),
    /** What was to be taken back and had been used already. */
    shortfallMicro: amount(),
    /** Stripe's status of the dispute over it; null without one. */
    disputeStatus: text(),
    /** By refund or dispute: how many µcr were ordered to be taken back for it. */
    takenBack: jsonb().$type<Record<string, number>>().notNull().default({}),
    /** Since when the credits cannot be used: the bank, or a refund under way, decides. */
    frozenAt: instant(),
    /** How often they were frozen: part of the name of each time. */
    freezes: integer().notNull().default(0),
    /** A refund that was asked for and is not made yet; its figures once they are fixed. */
    refundAskedAt: instant(),
    refundAskedMinor: bigint({ mode: 'number' }),
    refundAskedMicro: bigint({ mode: 'number' }),
    /** How many refunds were asked for here before: part of the next one's key. */
    refundsAsked: integer().notNull().default(0),
    /** When Stripe is to be asked about it again; null when nothing is expected. */
    lookAt: instant(),
    lookAttempts: integer().notNull().default(0),
    lastError: text(),
    createdAt: createdAt(),
    syncedAt: instant(),
  },
  (t) => [
    foreignKey({
      columns: [t.packId, t.packVersion],
      foreignColumns: [creditPacks.id, creditPacks.version],
    }),
    uniqueIndex('credit_purchases_one_open')
      .on(t.tenantId)
      .where(sql`${t.trigger} = 'user' and ${t.state} in ('wanted', 'open')`),
    uniqueIndex('credit_purchases_one_top_up')
      .on(t.tenantId)
      .where(
        sql`${t.trigger} = 'auto'
          and ${t.state} in ('wanted', 'open', 'needs_action', 'processing', 'paid')`,
      ),
    index('credit_purchases_tenant_idx').on(t.tenantId, t.createdAt),
    index('credit_purchases_look_idx')
      .on(t.lookAt)
      .where(sql`${t.lookAt} is not null`),
    check('credit_purchases_trigger', sql`${t.trigger} in ('user', 'auto')`),
    check('credit_purchases_currency_lower', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check(
      'credit_purchases_amounts',
      sql`${t.amountMinor} > 0 and ${t.refundedMinor} >= 0 and ${t.refundPendingMinor} >= 0 and ${t.shortfallMicro} >= 0`,
    ),
  ],
);

export type CreditPurchase = typeof creditPurchases.$inferSelect;
export type NewCreditPurchase = typeof creditPurchases.$inferInsert;
