import { and, asc, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import { ENDED_BY_CARD, type TopUpPause } from '../../../domain/billing/spending/top-up.ts';
import type { DbOrTx, Tx } from '../../client.ts';
import { autoTopUps, creditPurchases, tenants, type AutoTopUp } from '../../schema/index.ts';

/** What the tenant agreed to last, on or off. */
export async function findAutoTopUp(db: DbOrTx, tenantId: string): Promise<AutoTopUp | undefined> {
  const [row] = await db.select().from(autoTopUps).where(eq(autoTopUps.tenantId, tenantId));
  return row;
}

export async function writeAutoTopUp(tx: Tx, { tenantId, ...agreed }: AutoTopUp): Promise<void> {
  await tx
    .insert(autoTopUps)
    .values({ tenantId, ...agreed })
    .onConflictDoUpdate({ target: autoTopUps.tenantId, set: agreed });
}

/** False when it was off, or there is none. */
export async function switchAutoTopUpOff(tx: Tx, tenantId: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(autoTopUps)
    .set({ enabled: false, paused: null, pausedMethod: null, changedAt: now })
    .where(and(eq(autoTopUps.tenantId, tenantId), eq(autoTopUps.enabled, true)))
    .returning({ tenantId: autoTopUps.tenantId });
  return rows.length > 0;
}

/** False when it rests already, or is off. */
export async function pauseAutoTopUp(
  tx: Tx,
  tenantId: string,
  { paused, pausedMethod, now }: { paused: TopUpPause; pausedMethod: string | null; now: Date },
): Promise<boolean> {
  const rows = await tx
    .update(autoTopUps)
    .set({ paused, pausedMethod, changedAt: now })
    .where(
      and(
        eq(autoTopUps.tenantId, tenantId),
        eq(autoTopUps.enabled, true),
        isNull(autoTopUps.paused),
      ),
    )
    .returning({ tenantId: autoTopUps.tenantId });
  return rows.length > 0;
}

/** It goes on when the card that would be charged is another than the one it rests for. */
export async function resumeAutoTopUp(
  tx: Tx,
  tenantId: string,
  { methodId, now }: { methodId: string; now: Date },
): Promise<void> {
  await tx
    .update(autoTopUps)
    .set({ paused: null, pausedMethod: null, changedAt: now })
    .where(
      and(
        eq(autoTopUps.tenantId, tenantId),
        inArray(autoTopUps.paused, [...ENDED_BY_CARD]),
        or(isNull(autoTopUps.pausedMethod), ne(autoTopUps.pausedMethod, methodId)),
      ),
    );
}

export type ReadyTopUp = AutoTopUp & { bucket: number };

/** Of those after `after` whose next top-up may be begun, when too little is left, the first so many. */
export async function listReadyTopUps(
  db: DbOrTx,
  { after, limit }: { after: string; limit: number },
): Promise<ReadyTopUp[]> {
  const rows = await db
    .select({ agreed: autoTopUps, bucket: tenants.usageBucket })
    .from(autoTopUps)
    .innerJoin(tenants, eq(tenants.id, autoTopUps.tenantId))
    .where(
      and(
        eq(autoTopUps.enabled, true),
        isNull(autoTopUps.paused),
        isNull(tenants.deletedAt),
        sql`${autoTopUps.tenantId} > ${after}::uuid`,
        sql`not exists (select from ${creditPurchases} p
          where p.tenant_id = ${autoTopUps.tenantId} and p.trigger = 'auto'
            and p.state in ('wanted', 'open', 'needs_action', 'processing', 'paid'))`,
      ),
    )
    .orderBy(asc(autoTopUps.tenantId))
    .limit(limit);
  return rows.map(({ agreed, bucket }) => ({ ...agreed, bucket }));
}
