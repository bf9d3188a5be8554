import { and, eq, inArray } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { trialUses } from '../../schema/index.ts';

export type TrialMark = 'email' | 'card';

/**
 * Notes that a subscription's trial used this mark, unless another did before; answers whose it is
 * now: the subscription's own id, or the earlier one's.
 */
export async function claimTrialUse(
  db: DbOrTx,
  values: { kind: TrialMark; hash: string; stripeSubscriptionId: string; usedAt: Date },
): Promise<string> {
  await db
    .insert(trialUses)
    .values(values)
    .onConflictDoNothing({ target: [trialUses.kind, trialUses.hash] });
  const [row] = await db
    .select({ holder: trialUses.stripeSubscriptionId })
    .from(trialUses)
    .where(and(eq(trialUses.kind, values.kind), eq(trialUses.hash, values.hash)));
  return row?.holder ?? values.stripeSubscriptionId;
}

/** True when any of the hashed addresses had a trial. */
export async function hadTrial(db: DbOrTx, emailHashes: readonly string[]): Promise<boolean> {
  if (emailHashes.length === 0) return false;
  const rows = await db
    .select({ hash: trialUses.hash })
    .from(trialUses)
    .where(and(eq(trialUses.kind, 'email'), inArray(trialUses.hash, [...emailHashes])))
    .limit(1);
  return rows.length > 0;
}
