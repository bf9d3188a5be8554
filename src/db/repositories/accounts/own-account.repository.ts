import { and, asc, eq, ne, sql } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import {
  apiKeys,
  characters,
  tenants,
  users,
  type ApiKey,
  type Character,
} from '../../schema/index.ts';

/** How many others are in the tenant, and how many of those own it. */
export async function countOthers(
  db: DbOrTx,
  { tenantId, userId }: { tenantId: string; userId: string },
): Promise<{ people: number; owners: number }> {
  const [row] = await db
    .select({
      people: sql<number>`count(*)::int`,
      owners: sql<number>`(count(*) filter (where ${users.role} = 'owner'))::int`,
    })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), ne(users.id, userId)));
  return row ?? { people: 0, owners: 0 };
}

/** Locks a tenant's row, so that of two owners who leave at once the second sees the first gone. */
export async function lockTenantOfPeople(tx: Tx, tenantId: string): Promise<void> {
  await tx
    .select({ id: tenants.id })
    .from(tenants)
    .where(eq(tenants.id, tenantId))
    .for('no key update');
}

/** Takes a person away, with sessions, keys and conversations; what they made for the team stays. */
export async function deleteUser(tx: Tx, userId: string): Promise<void> {
  await tx.delete(users).where(eq(users.id, userId));
}

/** Every key that a person made, ended ones too, the oldest first. */
export function listKeysMade(db: DbOrTx, userId: string): Promise<ApiKey[]> {
  return db
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.userId, userId))
    .orderBy(asc(apiKeys.createdAt), asc(apiKeys.id));
}

/** The characters that a person made, the oldest first. */
export function listCharactersMade(db: DbOrTx, userId: string): Promise<Character[]> {
  return db
    .select()
    .from(characters)
    .where(eq(characters.createdBy, userId))
    .orderBy(asc(characters.createdAt), asc(characters.id));
}
