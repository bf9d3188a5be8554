import { eq, sql } from 'drizzle-orm';
import type { DbOrTx } from '../../../client.ts';
import { payments, refunds, type NewRefund } from '../../../schema/index.ts';

/** Writes a refund as it stands; answers the status that it had before, `undefined` for a new one. */
export async function upsertRefund(
  db: DbOrTx,
  values: Omit<NewRefund, 'id'>,
): Promise<string | undefined> {
  const { status, paymentId, syncedAt } = values;
  const [before] = await db
    .select({ status: refunds.status })
    .from(refunds)
    .where(eq(refunds.stripeRefundId, values.stripeRefundId));
  await db
    .insert(refunds)
    .values(values)
    .onConflictDoUpdate({ target: refunds.stripeRefundId, set: { status, paymentId, syncedAt } });
  return before?.status;
}

/** What the bank says of a payment. */
export async function writeDispute(
  db: DbOrTx,
  paymentId: string,
  dispute: { disputeStatus: string | null; disputedMinor: number },
): Promise<void> {
  await db.update(payments).set(dispute).where(eq(payments.id, paymentId));
}

/**
 * What of a payment went back: its refunds that did not fail, and what was put on the customer's balance. Answers
 * what went back beyond all that was paid, with what the bank took back, in minor units.
 */
export async function writeReturned(
  db: DbOrTx,
  paymentId: string,
  { toBalanceMinor }: { toBalanceMinor: number },
): Promise<number> {
  const refunded = sql`(select coalesce(sum(amount_minor), 0) from refunds
    where payment_id = ${paymentId} and status in ('succeeded', 'pending', 'requires_action'))`;
  const wholly = sql`${refunded} + ${toBalanceMinor}::bigint`;
  const paid = sql`amount_paid_minor + from_balance_minor`;
  const takenBack = sql`case when dispute_status = 'lost' then disputed_minor else 0 end`;
  const [row] = await db
    .update(payments)
    .set({ amountRefundedMinor: sql`least(${wholly}, ${paid})` })
    .where(eq(payments.id, paymentId))
    .returning({ beyond: sql<string>`greatest(${wholly} + ${takenBack} - (${paid}), 0)` });
  return Number(row?.beyond ?? 0);
}
