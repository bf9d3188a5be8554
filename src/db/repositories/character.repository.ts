import { and, count, desc, eq, ilike, isNull, ne, or, sql } from 'drizzle-orm';
import { alias, type AnyPgColumn } from 'drizzle-orm/pg-core';
import type { DbOrTx, Tx } from '../client.ts';
import { characters, type Character, type NewCharacter } from '../schema/index.ts';

export async function insertCharacter(db: DbOrTx, values: NewCharacter): Promise<Character> {
  const [row] = await db.insert(characters).values(values).returning();
  if (!row) throw new Error('The database returned no character.');
  return row;
}

/** The tenant's own, newest first. */
export function listOwnCharacters(
  db: DbOrTx,
  list: { tenantId: string; search?: string | undefined; limit: number },
): Promise<Character[]> {
  const { tenantId, search, limit } = list;
  return db
    .select()
    .from(characters)
    .where(
      and(eq(characters.tenantId, tenantId), ...(search === undefined ? [] : [matches(search)])),
    )
    .orderBy(desc(characters.createdAt), desc(characters.id))
    .limit(limit);
}

/** Where a page of shared characters ends: what follows is older. */
export interface CharacterCursor {
  /** Those that come with the product stand first. */
  starter: boolean;
  createdAt: Date;
  id: string;
}

export interface SharedCharacters {
  exceptTenantId: string;
  /** In the name or the description, whatever the case. */
  search?: string | undefined;
  after?: CharacterCursor | undefined;
  limit: number;
  perTenantMax: number;
}

/**
 * What others share and no operator has hidden: what comes with the product first, then the
 * newest, of each tenant no more than its newest few of those that are searched for.
 */
export function listSharedCharacters(db: DbOrTx, list: SharedCharacters): Promise<Character[]> {
  const { exceptTenantId, search, after, limit, perTenantMax } = list;
  const rank = sql`(${characters.tenantId} is null, ${characters.createdAt}, ${characters.id})`;
  const found = search === undefined ? [] : [matches(search)];
  const n = alias(characters, 'n');
  const newer = db
    .select({ count: count() })
    .from(n)
    .where(
      and(
        ...[eq(n.tenantId, characters.tenantId), eq(n.shared, true), isNull(n.hiddenAt)],
        sql`(${n.createdAt}, ${n.id}) > (${characters.createdAt}, ${characters.id})`,
        ...(search === undefined ? [] : [matches(search, n)]),
      ),
    );
  return db
    .select()
    .from(characters)
    .where(
      and(
        eq(characters.shared, true),
        isNull(characters.hiddenAt),
        or(
          isNull(characters.tenantId),
          and(ne(characters.tenantId, exceptTenantId), sql`(${newer}) < ${perTenantMax}`),
        ),
        ...found,
        ...(after
          ? [
              sql`${rank} < (${after.starter}, ${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`,
            ]
          : []),
      ),
    )
    .orderBy(
      sql`${characters.tenantId} is null desc`,
      desc(characters.createdAt),
      desc(characters.id),
    )
    .limit(limit);
}

function matches(search: string, of: Record<'name' | 'description', AnyPgColumn> = characters) {
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  return or(ilike(of.name, pattern), ilike(of.description, pattern))!;
}

/** The tenant's characters, all and shared; locks the making and sharing of them meanwhile. */
export async function lockCharacterCounts(
  tx: Tx,
  tenantId: string,
): Promise<{ all: number; shared: number }> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`characters:${tenantId}`}, 0))`,
  );
  const [row] = await tx
    .select({
      all: sql<number>`count(*)::int`,
      shared: sql<number>`(count(*) filter (where ${characters.shared}))::int`,
    })
    .from(characters)
    .where(eq(characters.tenantId, tenantId));
  return row ?? { all: 0, shared: 0 };
}

/** One of the tenant's own, for a change. */
export async function lockOwnCharacter(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<Character | undefined> {
  const [row] = await tx
    .select()
    .from(characters)
    .where(and(eq(characters.id, id), eq(characters.tenantId, tenantId)))
    .for('update');
  return row;
}

export async function updateCharacter(
  tx: Tx,
  id: string,
  values: Partial<Pick<NewCharacter, 'name' | 'description' | 'greeting' | 'shared'>> & {
    updatedAt: Date;
  },
): Promise<Character> {
  const [row] = await tx.update(characters).set(values).where(eq(characters.id, id)).returning();
  if (!row) throw new Error('The database returned no character.');
  return row;
}

export async function deleteCharacter(tx: Tx, id: string): Promise<void> {
  await tx.delete(characters).where(eq(characters.id, id));
}

/** All of a team's, when the team goes. */
export async function deleteTenantCharacters(tx: Tx, tenantId: string): Promise<void> {
  await tx.delete(characters).where(eq(characters.tenantId, tenantId));
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
    .where(and(eq(characters.id, id), isVisibleTo(tenantId)));
  return row;
}

/** Of these ids the names of characters that the tenant may see. */
export function listCharacterNames(
  db: DbOrTx,
  tenantId: string,
  ids: readonly string[],
): Promise<Pick<Character, 'id' | 'name'>[]> {
  return db
    .select({ id: characters.id, name: characters.name })
    .from(characters)
    .where(and(sql`${characters.id}::text = any(${sql.param([...ids])})`, isVisibleTo(tenantId)));
}

const isVisibleTo = (tenantId: string) =>
  or(
    eq(characters.tenantId, tenantId),
    and(eq(characters.shared, true), isNull(characters.hiddenAt)),
  );

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
