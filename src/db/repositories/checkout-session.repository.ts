import { and, eq } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import {
  checkoutSessions,
  type CheckoutSession,
  type NewCheckoutSession,
} from '../schema/index.ts';

/** The tenant's one open session, as far as we know. */
export async function findOpenCheckout(
  db: DbOrTx,
  tenantId: string,
): Promise<CheckoutSession | undefined> {
  const [row] = await db
    .select()
    .from(checkoutSessions)
    .where(and(eq(checkoutSessions.tenantId, tenantId), eq(checkoutSessions.status, 'open')));
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
