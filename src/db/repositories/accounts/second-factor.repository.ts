import { and, eq, gte, isNotNull, isNull, lt, sql, type SQL } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { secondFactors, type SecondFactor } from '../../schema/index.ts';

/** The one that is asked for at sign-in. */
export const findSecondFactor = (db: DbOrTx, userId: string) =>
  findFactor(db, userId, isNotNull(secondFactors.confirmedAt));

/** One that was begun and not confirmed yet. */
export const findPendingFactor = (db: DbOrTx, userId: string) =>
  findFactor(db, userId, isNull(secondFactors.confirmedAt));

async function findFactor(
  db: DbOrTx,
  userId: string,
  state: SQL,
): Promise<SecondFactor | undefined> {
  const [row] = await db
    .select()
    .from(secondFactors)
    .where(and(eq(secondFactors.userId, userId), state));
  return row;
}

/** Begins one anew, in place of another that was not confirmed. False when one is in force. */
export async function beginFactor(
  db: DbOrTx,
  values: { userId: string; sealedSecret: string; now: Date },
): Promise<boolean> {
  const { userId, sealedSecret, now } = values;
  const { rowCount } = await db
    .insert(secondFactors)
    .values({ userId, sealedSecret, createdAt: now })
    .onConflictDoUpdate({
      target: secondFactors.userId,
      set: { sealedSecret, createdAt: now, lastStep: 0 },
      setWhere: isNull(secondFactors.confirmedAt),
    });
  return rowCount === 1;
}

/** Puts it in force. False when another process did, or began anew. */
export async function confirmFactor(
  tx: Tx,
  values: {
    userId: string;
    sealedSecret: string;
    step: number;
    recoveryHashes: string[];
    now: Date;
  },
): Promise<boolean> {
  const { userId, sealedSecret, step, recoveryHashes, now } = values;
  const { rowCount } = await tx
    .update(secondFactors)
    .set({ confirmedAt: now, lastStep: step, recoveryHashes })
    .where(
      and(
        ...[eq(secondFactors.userId, userId), eq(secondFactors.sealedSecret, sealedSecret)],
        isNull(secondFactors.confirmedAt),
      ),
    );
  return rowCount === 1;
}

/** Uses a half minute's code up: of two that show it at once one is taken. */
export async function takeStep(
  db: DbOrTx,
  { userId, step }: { userId: string; step: number },
): Promise<boolean> {
  const { rowCount } = await db
    .update(secondFactors)
    .set({ lastStep: step })
    .where(and(eq(secondFactors.userId, userId), lt(secondFactors.lastStep, step)));
  return rowCount === 1;
}

/** Uses a recovery code up: once, whoever shows it. */
export async function takeRecoveryCode(
  db: DbOrTx,
  { userId, hash }: { userId: string; hash: string },
): Promise<boolean> {
  const { rowCount } = await db
    .update(secondFactors)
    .set({ recoveryHashes: sql`array_remove(${secondFactors.recoveryHashes}, ${hash})` })
    .where(
      and(eq(secondFactors.userId, userId), sql`${hash} = any(${secondFactors.recoveryHashes})`),
    );
  return rowCount === 1;
}

export async function deleteFactor(tx: Tx, userId: string): Promise<void> {
  await tx.delete(secondFactors).where(eq(secondFactors.userId, userId));
}

/** Takes away one that was begun then or later. */
export async function deleteFactorSince(
  tx: Tx,
  { userId, since }: { userId: string; since: Date },
): Promise<void> {
  await tx
    .delete(secondFactors)
    .where(and(eq(secondFactors.userId, userId), gte(secondFactors.createdAt, since)));
}
