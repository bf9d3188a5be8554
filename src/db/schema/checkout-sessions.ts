import { sql } from 'drizzle-orm';
import { index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { createdAt, id, instant } from './columns.ts';
import { checkoutStatus } from './enums.ts';
import { tenants } from './tenants.ts';
import { users } from './users.ts';

/** Checkout sessions we opened at Stripe. The database refuses a second open one a tenant. */
export const checkoutSessions = pgTable(
  'checkout_sessions',
  {
    id: id(),
    tenantId: uuid()
      .notNull()
      .references(() => tenants.id),
    userId: uuid().references(() => users.id, { onDelete: 'set null' }),
    stripeSessionId: text().notNull().unique(),
    stripePriceId: text().notNull(),
    url: text().notNull(),
    status: checkoutStatus().notNull().default('open'),
    expiresAt: instant().notNull(),
    completedAt: instant(),
    /** Of the click that opened it, where traces are made: its events go on from there. */
    traceparent: text(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('checkout_sessions_one_open')
      .on(t.tenantId)
      .where(sql`${t.status} = 'open'`),
    index('checkout_sessions_tenant_idx').on(t.tenantId, t.createdAt),
  ],
);

export type CheckoutSession = typeof checkoutSessions.$inferSelect;
export type NewCheckoutSession = typeof checkoutSessions.$inferInsert;
