import { asc, eq, lte, sql } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { syncFailures } from '../../schema/index.ts';

/** Notes that a customer could not be synced; answers how many tries in a row failed by now. */
export async function noteSyncFailure(
  db: DbOrTx,
  values: { customerId: string; error: string; now: Date },
): Promise<number> {
  const { customerId, error, now } = values;
  const [row] = await db
    .insert(syncFailures)
    .values({ stripeCustomerId: customerId, attempts: 1, error, failedAt: now, retryAt: now })
    .onConflictDoUpdate({
      target: syncFailures.stripeCustomerId,
      set: { attempts: sql`${syncFailures.attempts} + 1`, error, failedAt: now },
    })
    .returning({ attempts: syncFailures.attempts });
  return row?.attempts ?? 1;
}

export async function postponeSync(db: DbOrTx, customerId: string, retryAt: Date): Promise<void> {
  await db
    .update(syncFailures)
    .set({ retryAt })
    .where(eq(syncFailures.stripeCustomerId, customerId));
}

/** True when there was a failure to forget. */
export async function forgetSyncFailure(db: DbOrTx, customerId: string): Promise<boolean> {
  const rows = await db
    .delete(syncFailures)
    .where(eq(syncFailures.stripeCustomerId, customerId))
    .returning({ customerId: syncFailures.stripeCustomerId });
  return rows.length > 0;
}

/** Customers whose next try is due, the longest waiting first. */
export async function listDueSyncFailures(db: DbOrTx, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ customerId: syncFailures.stripeCustomerId })
    .from(syncFailures)
    .where(lte(syncFailures.retryAt, now))
    .orderBy(asc(syncFailures.retryAt))
    .limit(limit);
  return rows.map((row) => row.customerId);
}

/** How many customers could not be synced the last time. */
export function countSyncFailures(db: DbOrTx): Promise<number> {
  return db.$count(syncFailures);
}
