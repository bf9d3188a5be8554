import { and, desc, eq, isNull, lt, or } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import { apiKeys, tenants, type ApiKey, type NewApiKey } from '../schema/index.ts';

export async function insertApiKey(db: DbOrTx, values: NewApiKey): Promise<ApiKey> {
  const [row] = await db.insert(apiKeys).values(values).returning();
  if (!row) throw new Error('The database returned no API key.');
  return row;
}

/** The live keys of a tenant, newest first. */
export function listApiKeys(db: DbOrTx, tenantId: string): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenantId), isNull(apiKeys.revokedAt)))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id));
}

/** A live key of a live tenant by the hash of its text. */
export async function findApiKeyByHash(db: DbOrTx, keyHash: string): Promise<ApiKey | undefined> {
  const [row] = await db
    .select({ key: apiKeys })
    .from(apiKeys)
    .innerJoin(tenants, eq(apiKeys.tenantId, tenants.id))
    .where(and(eq(apiKeys.keyHash, keyHash), isNull(apiKeys.revokedAt), isNull(tenants.deletedAt)));
  return row?.key;
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

/** False when the tenant has no such live key. */
export async function revokeApiKey(
  db: DbOrTx,
  values: { tenantId: string; id: string; now: Date },
): Promise<boolean> {
  const { rowCount } = await db
    .update(apiKeys)
    .set({ revokedAt: values.now })
    .where(
      and(
        eq(apiKeys.id, values.id),
        eq(apiKeys.tenantId, values.tenantId),
        isNull(apiKeys.revokedAt),
      ),
    );
  return rowCount === 1;
}
