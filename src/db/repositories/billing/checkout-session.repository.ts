import { and, asc, desc, eq, gte, isNotNull } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import {
  checkoutSessions,
  tenants,
  type CheckoutSession,
  type NewCheckoutSession,
} from '../../schema/index.ts';

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

/** The tenant's session of that id at Stripe, whatever became of it. */
export async function findCheckout(
  db: DbOrTx,
  tenantId: string,
  stripeSessionId: string,
): Promise<CheckoutSession | undefined> {
  const [row] = await db
    .select()
    .from(checkoutSessions)
    .where(
      and(
        eq(checkoutSessions.tenantId, tenantId),
        eq(checkoutSessions.stripeSessionId, stripeSessionId),
      ),
    );
  return row;
}

/** The session of the tenant that can still be paid, as far as we know. */
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

/** Tenants with a session that can still be paid, the oldest first. */
export async function listTenantsAtCheckout(db: DbOrTx, limit: number): Promise<string[]> {
  const rows = await db
    .select({ tenantId: checkoutSessions.tenantId })
    .from(checkoutSessions)
    .where(eq(checkoutSessions.status, 'open'))
    .orderBy(asc(checkoutSessions.createdAt))
    .limit(limit);
  return rows.map((row) => row.tenantId);
}

export async function insertCheckout(db: DbOrTx, values: NewCheckoutSession): Promise<void> {
  await db.insert(checkoutSessions).values(values);
}

/** The `traceparent` of the click that opened a session which the customer could pay at `at`. */
export async function findCheckoutTrace(
  db: DbOrTx,
  customerId: string,
  at: Date,
): Promise<string | undefined> {
  const [row] = await db
    .select({ traceparent: checkoutSessions.traceparent })
    .from(checkoutSessions)
    .innerJoin(tenants, eq(tenants.id, checkoutSessions.tenantId))
    .where(
      and(
        eq(tenants.stripeCustomerId, customerId),
        isNotNull(checkoutSessions.traceparent),
        gte(checkoutSessions.expiresAt, at),
      ),
    )
    .orderBy(desc(checkoutSessions.createdAt), desc(checkoutSessions.id))
    .limit(1);
  return row?.traceparent ?? undefined;
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
