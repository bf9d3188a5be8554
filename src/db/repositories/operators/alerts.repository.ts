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

/** `undefined` where there is no open one of this id. */
export async function findOpenAlert(db: DbOrTx, id: string): Promise<Alert | undefined> {
  const [row] = await db
    .select()
    .from(alerts)
    .where(and(eq(alerts.id, id), isNull(alerts.resolvedAt)));
  return row;
}

/** Every open alert, the newest first, `atOnce` a look. */
export async function listAllOpenAlerts(db: DbOrTx, atOnce = 500): Promise<Alert[]> {
  const all: Alert[] = [];
  for (;;) {
    const page = await listAlerts(db, { isOpen: true, after: all.at(-1)?.id, limit: atOnce });
    for (const one of page) all.push(one);
    if (page.length < atOnce) return all;
  }
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
