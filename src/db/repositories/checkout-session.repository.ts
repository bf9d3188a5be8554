import { and, desc, eq } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import {
  checkoutSessions,
  type CheckoutSession,
  type NewCheckoutSession,
} from '../schema/index.ts';

/** The session that the tenant opened last, whatever became of it. */
export async function findLastCheckout(
  db: DbOrTx,
  tenantId: string,
): Promise<CheckoutSession | undefined> {
  const [row] = await db
    .select()
    .from(checkoutSessions)
    .where(eq(checkoutSessions.tenantId, tenantId))
    .orderBy(desc(checkoutSessions.createdAt), desc(checkoutSessions.id))
    .limit(1);
  return row;
}

export async function insertCheckout(db: DbOrTx, values: NewCheckoutSession): Promise<void> {
  await db.insert(checkoutSessions).values(values);
}

/** Records how a session ended. Nothing happens to one that is not ours or is over. */
export async function closeCheckout(
  db: DbOrTx,
  stripeSessionId: string,
  status: 'complete' | 'expired',
  now: Date,
): Promise<void> {
  await db
    .update(checkoutSessions)
    .set({ status, completedAt: status === 'complete' ? now : null })
    .where(
      and(
        eq(checkoutSessions.stripeSessionId, stripeSessionId),
        eq(checkoutSessions.status, 'open'),
      ),
    );
}
