import { and, asc, desc, eq, gt, inArray, isNotNull, lte, or, sql } from 'drizzle-orm';
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core';
import type { PurchaseState } from '../../../domain/billing/purchase.ts';
import type { DbOrTx } from '../../client.ts';
import {
  creditPurchases,
  payments,
  type CreditPurchase,
  type NewCreditPurchase,
} from '../../schema/index.ts';

const UNFINISHED: PurchaseState[] = ['wanted', 'open', 'needs_action', 'processing', 'paid'];

export async function insertPurchase(
  db: DbOrTx,
  values: NewCreditPurchase,
): Promise<CreditPurchase> {
  const [row] = await db.insert(creditPurchases).values(values).returning();
  if (!row) throw new Error('The database returned no purchase.');
  return row;
}

/** By its id, whosever it is. */
export async function findPurchase(db: DbOrTx, id: string): Promise<CreditPurchase | undefined> {
  const [row] = await db.select().from(creditPurchases).where(eq(creditPurchases.id, id));
  return row;
}

/** The one that the tenant can still pay, or may have begun to open, as far as we know. */
export async function findOpenPurchase(
  db: DbOrTx,
  tenantId: string,
): Promise<CreditPurchase | undefined> {
  const [row] = await db
    .select()
    .from(creditPurchases)
    .where(
      and(
        eq(creditPurchases.tenantId, tenantId),
        eq(creditPurchases.trigger, 'user'),
        inArray(creditPurchases.state, ['wanted', 'open']),
      ),
    );
  return row;
}

/** A purchase of the pack that is ordered and whose money is under way, or is there and not granted yet. */
export async function findUndecidedPurchase(
  db: DbOrTx,
  tenantId: string,
  packId: string,
): Promise<CreditPurchase | undefined> {
  const [row] = await db
    .select()
    .from(creditPurchases)
    .where(
      and(
        eq(creditPurchases.tenantId, tenantId),
        eq(creditPurchases.trigger, 'user'),
        eq(creditPurchases.packId, packId),
        inArray(creditPurchases.state, ['processing', 'paid']),
      ),
    )
    .limit(1);
  return row;
}

/** The auto top-up of the tenant that is not decided or not granted yet. */
export async function findTopUp(db: DbOrTx, tenantId: string): Promise<CreditPurchase | undefined> {
  const [row] = await db
    .select()
    .from(creditPurchases)
    .where(
      and(
        eq(creditPurchases.tenantId, tenantId),
        eq(creditPurchases.trigger, 'auto'),
        inArray(creditPurchases.state, UNFINISHED),
      ),
    );
  return row;
}

/** Newest first. */
export function listPurchases(
  db: DbOrTx,
  tenantId: string,
  limit: number,
): Promise<CreditPurchase[]> {
  return db
    .select()
    .from(creditPurchases)
    .where(eq(creditPurchases.tenantId, tenantId))
    .orderBy(desc(creditPurchases.createdAt), desc(creditPurchases.id))
    .limit(limit);
}

export function updatePurchase(
  db: DbOrTx,
  id: string,
  values: Partial<Omit<CreditPurchase, 'id' | 'tenantId'>>,
): Promise<CreditPurchase> {
  return update(db, id, values);
}

async function update(
  db: DbOrTx,
  id: string,
  values: PgUpdateSetSource<typeof creditPurchases>,
): Promise<CreditPurchase> {
  const [row] = await db
    .update(creditPurchases)
    .set(values)
    .where(eq(creditPurchases.id, id))
    .returning();
  if (!row) throw new Error(`There is no purchase ${id}.`);
  return row;
}

/**
 * Writes what Stripe said of a purchase. A session that has ended never opens again, so one that was read
 * as open a moment ago does not undo an end that was written since (by who gave it up, say).
 */
export function writePurchaseFacts(
  db: DbOrTx,
  id: string,
  { state, ...facts }: Partial<Omit<CreditPurchase, 'id' | 'tenantId'>>,
): Promise<CreditPurchase> {
  const kept = sql<PurchaseState>`case when ${creditPurchases.state} in ('failed', 'expired')
    then ${creditPurchases.state} else 'open' end`;
  return update(db, id, { ...facts, ...(state && { state: state === 'open' ? kept : state }) });
}

/**
 * The tenant's purchases that Stripe should be asked about: those that are named, that wait for
 * something, and whose payment tells of a refund or dispute that they do not know of.
 */
export async function listToLookAt(
  db: DbOrTx,
  tenantId: string,
  named: { purchaseIds?: readonly string[]; paymentIntentIds?: readonly string[] } = {},
): Promise<string[]> {
  const { purchaseIds = [], paymentIntentIds = [] } = named;
  const p = creditPurchases;
  const rows = await db
    .selectDistinct({ id: p.id })
    .from(p)
    .leftJoin(
      payments,
      or(
        eq(payments.stripePaymentIntentId, p.stripePaymentIntentId),
        // What the customer's balance paid has no intent.
        eq(payments.stripeInvoiceId, p.stripeInvoiceId),
      ),
    )
    .where(
      and(
        eq(p.tenantId, tenantId),
        or(
          purchaseIds.length > 0 ? inArray(p.id, [...purchaseIds]) : undefined,
          paymentIntentIds.length > 0
            ? inArray(p.stripePaymentIntentId, [...paymentIntentIds])
            : undefined,
          inArray(p.state, UNFINISHED),
          gt(p.refundPendingMinor, 0),
          isNotNull(p.refundAskedAt),
          sql`${payments.amountRefundedMinor} <> ${p.refundedMinor} + ${p.refundPendingMinor}`,
          sql`${payments.id} is not null and ${payments.disputeStatus} is distinct from ${p.disputeStatus}`,
        ),
      ),
    );
  return rows.map(({ id }) => id);
}

/** Has Stripe asked about them as soon as may be. */
export async function orderLook(db: DbOrTx, ids: readonly string[], now: Date): Promise<void> {
  await db
    .update(creditPurchases)
    .set({ lookAt: now })
    .where(inArray(creditPurchases.id, [...ids]));
}

export async function listDueLooks(db: DbOrTx, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: creditPurchases.id })
    .from(creditPurchases)
    .where(lte(creditPurchases.lookAt, now))
    .orderBy(asc(creditPurchases.lookAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}
