import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { DbOrTx } from '../client.ts';
import { characterReports, characters, type Character } from '../schema/index.ts';

/** Notes what a person found wrong; a second report of the same person takes the first's place. */
export async function upsertCharacterReport(
  db: DbOrTx,
  values: { characterId: string; userId: string; reason: string; createdAt: Date },
): Promise<void> {
  const { reason, createdAt } = values;
  await db
    .insert(characterReports)
    .values(values)
    .onConflictDoUpdate({
      target: [characterReports.characterId, characterReports.userId],
      set: { reason, createdAt },
    });
}

/** Those of `ids` that the person has reported. */
export async function listReportedBy(db: DbOrTx, userId: string, ids: string[]): Promise<string[]> {
  const rows = await db
    .select({ id: characterReports.characterId })
    .from(characterReports)
    .where(and(eq(characterReports.userId, userId), inArray(characterReports.characterId, ids)));
  return rows.map(({ id }) => id);
}

export interface ReportedCharacter {
  character: Character;
  reports: number;
  reasons: string[];
}

/**
 * For operators: what was reported, most reported first. What is hidden or not shared any more comes
 * after it, or what was dealt with would fill the list.
 */
export function listReportedCharacters(db: DbOrTx): Promise<ReportedCharacter[]> {
  return db
    .select({
      character: characters,
      reports: sql<number>`count(*)::int`,
      reasons: sql<
        string[]
      >`array_agg(${characterReports.reason} order by ${characterReports.createdAt} desc)`,
    })
    .from(characterReports)
    .innerJoin(characters, eq(characterReports.characterId, characters.id))
    .groupBy(characters.id)
    .orderBy(
      sql`${characters.hiddenAt} is not null or not ${characters.shared}`,
      sql`count(*) desc`,
      desc(characters.createdAt),
    );
}

/** Takes a character out of the community, or lets it back in; `undefined` when there is none. */
export async function setCharacterHidden(
  db: DbOrTx,
  id: string,
  hiddenAt: Date | null,
): Promise<Character | undefined> {
  const ofId = eq(characters.id, id);
  const [row] = await db.update(characters).set({ hiddenAt }).where(ofId).returning();
  return row;
}

export async function findCharacter(db: DbOrTx, id: string): Promise<Character | undefined> {
  const [row] = await db.select().from(characters).where(eq(characters.id, id));
  return row;
}
