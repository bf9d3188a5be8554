import { asc, eq } from 'drizzle-orm';
import type { DbOrTx, Tx } from '../../client.ts';
import { apiKeys, characters, users, type ApiKey, type Character } from '../../schema/index.ts';

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
