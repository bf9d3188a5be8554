import { and, eq, isNull, lt, sql } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { refreshTokens, type NewRefreshToken, type RefreshToken } from '../../schema/index.ts';

export async function insertRefreshToken(db: DbOrTx, values: NewRefreshToken): Promise<void> {
  await db.insert(refreshTokens).values(values);
}

/**
 * Finds the token and locks its family until the transaction ends, so that a rotation and a
 * revocation of one family never miss each other's rows. Read after the lock was got.
 */
export async function lockRefreshToken(
  tx: Tx,
  tokenHash: string,
): Promise<RefreshToken | undefined> {
  const [known] = await tx
    .select({ familyId: refreshTokens.familyId })
    .from(refreshTokens)
    .where(eq(refreshTokens.tokenHash, tokenHash));
  if (!known) return undefined;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${known.familyId}, 0))`);
  const [row] = await tx.select().from(refreshTokens).where(eq(refreshTokens.tokenHash, tokenHash));
  return row;
}

export async function markRefreshTokenUsed(tx: Tx, id: string, now: Date): Promise<void> {
  await tx.update(refreshTokens).set({ usedAt: now }).where(eq(refreshTokens.id, id));
}

export async function revokeRefreshFamily(tx: Tx, familyId: string, now: Date): Promise<void> {
  await tx
    .update(refreshTokens)
    .set({ revokedAt: now })
    .where(and(eq(refreshTokens.familyId, familyId), isNull(refreshTokens.revokedAt)));
}

/** Answers how many went. */
export async function deleteExpiredRefreshTokens(db: DbOrTx, now: Date): Promise<number> {
  const { rowCount } = await db.delete(refreshTokens).where(lt(refreshTokens.expiresAt, now));
  return rowCount ?? 0;
}
