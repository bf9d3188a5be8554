import { and, eq, lt } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { knownAddresses } from '../../schema/index.ts';

/** Whether the user has signed in from there. */
export async function isKnownAddress(
  db: DbOrTx,
  values: { userId: string; addressHash: string },
): Promise<boolean> {
  const rows = await db
    .select({ userId: knownAddresses.userId })
    .from(knownAddresses)
    .where(
      and(
        eq(knownAddresses.userId, values.userId),
        eq(knownAddresses.addressHash, values.addressHash),
      ),
    );
  return rows.length > 0;
}

export async function upsertKnownAddress(
  db: DbOrTx,
  values: { userId: string; addressHash: string; lastUsedAt: Date },
): Promise<void> {
  await db
    .insert(knownAddresses)
    .values(values)
    .onConflictDoUpdate({
      target: [knownAddresses.userId, knownAddresses.addressHash],
      set: { lastUsedAt: values.lastUsedAt },
    });
}

/** Answers how many went. */
export async function deleteKnownAddresses(db: DbOrTx, unusedSince: Date): Promise<number> {
  const { rowCount } = await db
    .delete(knownAddresses)
    .where(lt(knownAddresses.lastUsedAt, unusedSince));
  return rowCount ?? 0;
}
