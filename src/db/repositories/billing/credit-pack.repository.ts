import { asc, inArray, sql } from 'drizzle-orm';
import { bySize, type PackDefinition } from '../../../domain/billing/pack.ts';
import type { DbOrTx } from '../../client.ts';
import { creditPackPrices, creditPacks } from '../../schema/index.ts';

/** Every version of every pack that was published, oldest first. */
export async function listPackVersions(db: DbOrTx): Promise<PackDefinition[]> {
  const rows = await db.select().from(creditPacks).orderBy(asc(creditPacks.version));
  return rows.map(({ publishedAt: _, ...pack }) => pack);
}

/** The newest version of each pack that is sold, smallest first. */
export async function listSoldPacks(db: DbOrTx): Promise<PackDefinition[]> {
  const newest = new Map((await listPackVersions(db)).map((pack) => [pack.id, pack]));
  return [...newest.values()].filter(({ active }) => active).toSorted(bySize);
}

/** Who publishes takes turns with who else does, until the end of the transaction. */
export async function lockPacks(tx: DbOrTx): Promise<void> {
  await tx.execute(sql`lock table ${creditPacks} in share row exclusive mode`);
}

export async function insertPack(db: DbOrTx, pack: PackDefinition, now: Date): Promise<void> {
  await db.insert(creditPacks).values({ ...pack, amounts: [...pack.amounts], publishedAt: now });
}

/** Binds prices to the versions that they sell; one that is bound stays so. Answers all of them. */
export async function bindPackPrices(
  db: DbOrTx,
  prices: readonly { priceId: string; packId: string; version: number }[],
  now: Date,
): Promise<Map<string, { packId: string; version: number }>> {
  if (prices.length === 0) return new Map();
  const ids = prices.map(({ priceId }) => priceId);
  const read = () =>
    db.select().from(creditPackPrices).where(inArray(creditPackPrices.stripePriceId, ids));
  let rows = await read();
  if (rows.length < prices.length) {
    const values = prices.map(({ priceId, ...pack }) => ({
      ...pack,
      stripePriceId: priceId,
      boundAt: now,
    }));
    await db.insert(creditPackPrices).values(values).onConflictDoNothing();
    rows = await read();
  }
  return new Map(
    rows.map(({ stripePriceId, packId, version }) => [stripePriceId, { packId, version }]),
  );
}
