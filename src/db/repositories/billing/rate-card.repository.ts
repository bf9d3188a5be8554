import { asc, sql } from 'drizzle-orm';
import type { RateCard } from '../../../domain/billing/usage/rate-card.ts';
import type { DbOrTx } from '../../client.ts';
import { rateCards } from '../../schema/index.ts';

/** Every card that was published, oldest first. */
export function listRateCards(db: DbOrTx): Promise<RateCard[]> {
  return db
    .select({
      version: rateCards.version,
      effectiveAt: rateCards.effectiveAt,
      weights: rateCards.weights,
    })
    .from(rateCards)
    .orderBy(asc(rateCards.version));
}

/** Who publishes takes turns with who else does, until the end of the transaction. */
export async function lockRateCards(tx: DbOrTx): Promise<void> {
  await tx.execute(sql`lock table ${rateCards} in share row exclusive mode`);
}

export async function insertRateCard(
  db: DbOrTx,
  { version, effectiveAt, weights }: RateCard,
  now: Date,
): Promise<void> {
  await db.insert(rateCards).values({ version, effectiveAt, weights, publishedAt: now });
}
