import { and, desc, eq, isNull, ne, or, sql } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import { characters, type Character, type NewCharacter } from '../schema/index.ts';

export async function insertCharacter(db: DbOrTx, values: NewCharacter): Promise<Character> {
  const [row] = await db.insert(characters).values(values).returning();
  if (!row) throw new Error('The database returned no character.');
  return row;
}

/** The tenant's own, newest first. */
export function listOwnCharacters(
  db: DbOrTx,
  tenantId: string,
  limit: number,
): Promise<Character[]> {
  return db
    .select()
    .from(characters)
    .where(eq(characters.tenantId, tenantId))
    .orderBy(desc(characters.createdAt), desc(characters.id))
    .limit(limit);
}

/** What others share: those that come with the product first, then the newest. */
export function listSharedCharacters(
  db: DbOrTx,
  exceptTenantId: string,
  limit: number,
): Promise<Character[]> {
  return db
    .select()
    .from(characters)
    .where(
      and(
        eq(characters.shared, true),
        or(isNull(characters.tenantId), ne(characters.tenantId, exceptTenantId)),
      ),
    )
    .orderBy(
      sql`${characters.tenantId} is not null`,
      desc(characters.createdAt),
      desc(characters.id),
    )
    .limit(limit);
}

/** One that the tenant may see: its own, or a shared one. */
export async function findVisibleCharacter(
  db: DbOrTx,
  tenantId: string,
  id: string,
): Promise<Character | undefined> {
  const [row] = await db
    .select()
    .from(characters)
    .where(
      and(
        eq(characters.id, id),
        or(eq(characters.tenantId, tenantId), eq(characters.shared, true)),
      ),
    );
  return row;
}

/** Writes the characters that come with the product; those that are there are brought up to date. */
export async function upsertStarterCharacters(
  db: DbOrTx,
  starters: Pick<Character, 'id' | 'name' | 'description' | 'greeting'>[],
  now: Date,
): Promise<void> {
  await db
    .insert(characters)
    .values(starters.map((s) => ({ ...s, shared: true, createdAt: now, updatedAt: now })))
    .onConflictDoUpdate({
      target: characters.id,
      set: {
        name: sql`excluded.name`,
        description: sql`excluded.description`,
        greeting: sql`excluded.greeting`,
        updatedAt: sql`excluded.updated_at`,
      },
      setWhere: sql`(${characters.name}, ${characters.description}, ${characters.greeting})
        is distinct from (excluded.name, excluded.description, excluded.greeting)`,
    });
}
