import { and, eq, gt, isNull, lt, ne, sql } from 'drizzle-orm';
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

/** Puts the family of a person's token into a tenant. False when the family has ended. */
export async function moveRefreshFamily(
  tx: Tx,
  values: { tokenHash: string; userId: string; tenantId: string; now: Date },
): Promise<boolean> {
  const { tokenHash, userId, tenantId, now } = values;
  const known = await lockRefreshToken(tx, tokenHash);
  if (known?.userId !== userId || known.revokedAt || known.expiresAt <= now) return false;
  await tx
    .update(refreshTokens)
    .set({ tenantId })
    .where(eq(refreshTokens.familyId, known.familyId));
  return true;
}

/** The family of a person's token, however old it is. */
export async function findRefreshFamily(
  db: DbOrTx,
  { tokenHash, userId }: { tokenHash: string; userId: string },
): Promise<string | undefined> {
  const [row] = await db
    .select({ familyId: refreshTokens.familyId })
    .from(refreshTokens)
    .where(and(eq(refreshTokens.tokenHash, tokenHash), eq(refreshTokens.userId, userId)));
  return row?.familyId;
}

/** Whether somebody can go on with the session. */
export async function isFamilyLive(db: DbOrTx, familyId: string, now: Date): Promise<boolean> {
  const rows = await db
    .select({ id: refreshTokens.id })
    .from(refreshTokens)
    .where(
      and(
        ...[eq(refreshTokens.familyId, familyId), isNull(refreshTokens.revokedAt)],
        gt(refreshTokens.expiresAt, now),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

/**
 * Revokes a person's families, but for one when told; answers which. They are locked first, so that one
 * which is rotated at this moment is revoked with the token that it gets.
 */
export async function revokeRefreshFamilies(
  tx: Tx,
  values: { userId: string; exceptFamily?: string | undefined; now: Date },
): Promise<string[]> {
  const { userId, exceptFamily, now } = values;
  await tx.execute(sql`
    select pg_advisory_xact_lock(hashtextextended(family, 0)) from (
      select distinct ${refreshTokens.familyId}::text as family from ${refreshTokens}
      where ${refreshTokens.userId} = ${userId} and ${refreshTokens.revokedAt} is null
      order by 1) as held`);
  const revoked = await tx
    .update(refreshTokens)
    .set({ revokedAt: now })
    .where(
      and(
        eq(refreshTokens.userId, userId),
        isNull(refreshTokens.revokedAt),
        exceptFamily === undefined ? undefined : ne(refreshTokens.familyId, exceptFamily),
      ),
    )
    .returning({ familyId: refreshTokens.familyId });
  return [...new Set(revoked.map(({ familyId }) => familyId))];
}

/** A session: what is known of a family's newest token. */
export interface SessionRow {
  familyId: string;
  startedAt: Date;
  lastUsedAt: Date;
  userAgent: string | null;
  address: string | null;
}

/** A person's sessions that can still be gone on with, the last used first. */
export async function listSessions(
  db: DbOrTx,
  { userId, now }: { userId: string; now: Date },
): Promise<SessionRow[]> {
  const newest = (column: typeof refreshTokens.userAgent | typeof refreshTokens.address) =>
    sql<string | null>`(array_agg(${column} order by ${refreshTokens.createdAt} desc))[1]`;
  const lastUsedAt = sql<Date>`max(${refreshTokens.createdAt})`.mapWith(refreshTokens.createdAt);
  return db
    .select({
      familyId: refreshTokens.familyId,
      startedAt: sql<Date>`min(${refreshTokens.createdAt})`.mapWith(refreshTokens.createdAt),
      lastUsedAt,
      userAgent: newest(refreshTokens.userAgent),
      address: newest(refreshTokens.address),
    })
    .from(refreshTokens)
    .where(eq(refreshTokens.userId, userId))
    .groupBy(refreshTokens.familyId)
    .having(
      sql`bool_or(${refreshTokens.revokedAt} is null and ${refreshTokens.usedAt} is null
        and ${refreshTokens.expiresAt} > ${now.toISOString()}::timestamptz)`,
    )
    .orderBy(sql`${lastUsedAt} desc`);
}

/** Revokes one of a person's families. False when there is no such one that is live. */
export async function revokeOwnFamily(
  tx: Tx,
  values: { userId: string; familyId: string; now: Date },
): Promise<boolean> {
  const { userId, familyId, now } = values;
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${familyId}, 0))`);
  const { rowCount } = await tx
    .update(refreshTokens)
    .set({ revokedAt: now })
    .where(
      and(
        ...[eq(refreshTokens.userId, userId), eq(refreshTokens.familyId, familyId)],
        isNull(refreshTokens.revokedAt),
      ),
    );
  return (rowCount ?? 0) > 0;
}

/** How many tokens of the family are kept, counted up to `max`. */
export async function countFamily(tx: Tx, familyId: string, max: number): Promise<number> {
  const rows = tx
    .select({ id: refreshTokens.id })
    .from(refreshTokens)
    .where(eq(refreshTokens.familyId, familyId))
    .limit(max)
    .as('kept');
  const [row] = await tx.select({ count: sql<number>`count(*)::int` }).from(rows);
  return row?.count ?? 0;
}

/**
 * Deletes all of a person's families but the `keep` that were used last; answers which. A token of one that is
 * gone is refused like one that never was.
 */
export async function deleteOldestFamilies(
  db: DbOrTx,
  { userId, keep }: { userId: string; keep: number },
): Promise<string[]> {
  const { rows } = await db.execute<{ family: string }>(sql`
    with oldest as (
      select family_id from refresh_tokens where user_id = ${userId}
      group by family_id order by max(created_at) desc, family_id offset ${keep}
    ), gone as (
      select id from refresh_tokens
      where user_id = ${userId} and family_id in (select family_id from oldest)
      order by id for update skip locked
    )
    delete from refresh_tokens where id in (select id from gone) returning family_id as family`);
  return [...new Set(rows.map(({ family }) => family))];
}

/** Answers how many went. */
export async function deleteExpiredRefreshTokens(db: DbOrTx, now: Date): Promise<number> {
  const { rowCount } = await db.delete(refreshTokens).where(lt(refreshTokens.expiresAt, now));
  return rowCount ?? 0;
}
