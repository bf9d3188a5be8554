import { eq } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { settings } from '../../schema/index.ts';

/** The value of `key`, unchecked: the reader parses it. `undefined` when it was never written. */
export async function findSetting(db: DbOrTx, key: string): Promise<unknown> {
  const [row] = await db
    .select({ value: settings.value })
    .from(settings)
    .where(eq(settings.key, key));
  return row?.value;
}

/** The value of `key`, which is written as `fresh` when there was none; two processes agree on one. */
export async function ensureSetting(
  db: DbOrTx,
  key: string,
  fresh: unknown,
  now: Date,
): Promise<unknown> {
  const kept = await findSetting(db, key);
  if (kept !== undefined) return kept;
  await db
    .insert(settings)
    .values({ key, value: fresh, updatedAt: now })
    .onConflictDoNothing({ target: settings.key });
  return findSetting(db, key);
}

export async function writeSetting(
  db: DbOrTx,
  key: string,
  value: unknown,
  now: Date,
): Promise<void> {
  await db
    .insert(settings)
    .values({ key, value, updatedAt: now })
    .onConflictDoUpdate({ target: settings.key, set: { value, updatedAt: now } });
}
