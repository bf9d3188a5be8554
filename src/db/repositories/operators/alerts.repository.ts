import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { alerts, type Alert } from '../../schema/index.ts';

/** Alerts, the newest first, behind the one of id `after`: open ones, or those that are resolved. */
export function listAlerts(
  db: DbOrTx,
  wanted: { isOpen: boolean; tenantId?: string; after?: string | undefined; limit: number },
): Promise<Alert[]> {
  const { isOpen, tenantId, after, limit } = wanted;
  return db
    .select()
    .from(alerts)
    .where(
      and(
        isOpen ? isNull(alerts.resolvedAt) : isNotNull(alerts.resolvedAt),
        tenantId === undefined ? undefined : eq(alerts.tenantId, tenantId),
        after === undefined
          ? undefined
          : sql`(${alerts.raisedAt}, ${alerts.id}) < (
              select a.raised_at, a.id from ${alerts} a where a.id = ${after})`,
      ),
    )
    .orderBy(desc(alerts.raisedAt), desc(alerts.id))
    .limit(limit);
}

/** Closes it by hand; `undefined` where there is no open one of this id. */
export async function resolveAlertById(
  db: DbOrTx,
  id: string,
  now: Date,
): Promise<Alert | undefined> {
  const [row] = await db
    .update(alerts)
    .set({ resolvedAt: now })
    .where(and(eq(alerts.id, id), isNull(alerts.resolvedAt)))
    .returning();
  return row;
}
