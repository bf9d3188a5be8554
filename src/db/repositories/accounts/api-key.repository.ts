import { and, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { Role } from '../../../domain/ids.ts';
import type { DbOrTx, Tx } from '../../client.ts';
import {
  apiKeys,
  memberships,
  tenants,
  users,
  type ApiKey,
  type NewApiKey,
} from '../../schema/index.ts';

export async function insertApiKey(db: DbOrTx, values: NewApiKey): Promise<ApiKey> {
  const [row] = await db.insert(apiKeys).values(values).returning();
  if (!row) throw new Error('The database returned no API key.');
  return row;
}

/** A key and who made it. */
export interface OwnedApiKey {
  key: ApiKey;
  ownerName: string;
}

const isLive = (now: Date) =>
  and(isNull(apiKeys.revokedAt), or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, now)));

/** The live keys of a tenant, or of one person in it, newest first. */
export function listApiKeys(
  db: DbOrTx,
  values: { tenantId: string; userId?: string | undefined; now: Date },
): Promise<OwnedApiKey[]> {
  const { tenantId, userId, now } = values;
  return db
    .select({ key: apiKeys, ownerName: users.displayName })
    .from(apiKeys)
    .innerJoin(users, eq(apiKeys.userId, users.id))
    .where(
      and(
        eq(apiKeys.tenantId, tenantId),
        isLive(now),
        ...(userId === undefined ? [] : [eq(apiKeys.userId, userId)]),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
}

/** Live keys of the tenant and, of those, of the person. Locks the making of keys of the tenant. */
export async function lockApiKeyCounts(
  tx: Tx,
  values: { tenantId: string; userId: string; now: Date },
): Promise<{ tenant: number; person: number }> {
  const { tenantId, userId, now } = values;
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`api-keys:${tenantId}`}, 0))`,
  );
  const [row] = await tx
    .select({
      tenant: sql<number>`count(*)::int`,
      person: sql<number>`(count(*) filter (where ${eq(apiKeys.userId, userId)}))::int`,
    })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), isLive(now)));
  return row ?? { tenant: 0, person: 0 };
}

/** Deletes keys of a person in a tenant that are over, but for the `keep` newest. */
export async function forgetEndedKeysOf(
  tx: Tx,
  values: { tenantId: string; userId: string; now: Date; keep: number },
): Promise<void> {
  const { tenantId, userId, now, keep } = values;
  const over = tx
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(
      and(
        ...[eq(apiKeys.tenantId, tenantId), eq(apiKeys.userId, userId)],
        or(isNotNull(apiKeys.revokedAt), lte(apiKeys.expiresAt, now)),
      ),
    )
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .offset(keep);
  await tx.delete(apiKeys).where(inArray(apiKeys.id, over));
}

/** A live key of a live tenant, whose maker belongs to it, by the hash of its text; and what its maker is there. */
export async function findApiKeyByHash(
  db: DbOrTx,
  keyHash: string,
  now: Date,
): Promise<{ key: ApiKey; role: Role; hasSeat: boolean } | undefined> {
  const [row] = await db
    .select({ key: apiKeys, role: memberships.role, hasSeat: memberships.hasSeat })
    .from(apiKeys)
    .innerJoin(tenants, eq(apiKeys.tenantId, tenants.id))
    .innerJoin(
      memberships,
      and(eq(memberships.tenantId, apiKeys.tenantId), eq(memberships.userId, apiKeys.userId)),
    )
    .where(and(eq(apiKeys.keyHash, keyHash), isLive(now), isNull(tenants.deletedAt)));
  return row;
}

/** Revokes all that a person made in a tenant; answers how many. */
export async function revokeKeysOf(
  tx: Tx,
  { tenantId, userId, now }: { tenantId: string; userId: string; now: Date },
): Promise<number> {
  const { rowCount } = await tx
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(
      and(
        ...[eq(apiKeys.tenantId, tenantId), eq(apiKeys.userId, userId)],
        isNull(apiKeys.revokedAt),
      ),
    );
  return rowCount ?? 0;
}

/** Notes a use, unless one since `before` is noted already: a busy key writes once a minute. */
export async function touchApiKey(
  db: DbOrTx,
  values: { id: string; now: Date; before: Date },
): Promise<void> {
  await db
    .update(apiKeys)
    .set({ lastUsedAt: values.now })
    .where(
      and(
        eq(apiKeys.id, values.id),
        or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, values.before)),
      ),
    );
}

/** The key as it is now; `undefined` when the tenant, or the one person of it, has no such live key. */
export async function revokeApiKey(
  tx: Tx,
  values: { tenantId: string; userId?: string | undefined; id: string; now: Date },
): Promise<ApiKey | undefined> {
  const [row] = await tx
    .update(apiKeys)
    .set({ revokedAt: values.now })
    .where(
      and(
        eq(apiKeys.id, values.id),
        eq(apiKeys.tenantId, values.tenantId),
        isNull(apiKeys.revokedAt),
        ...(values.userId === undefined ? [] : [eq(apiKeys.userId, values.userId)]),
      ),
    )
    .returning();
  return row;
}
