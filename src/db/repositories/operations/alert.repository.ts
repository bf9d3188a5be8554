import { and, count, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { AlertKind } from '../../../domain/alerts.ts';
import type { DbOrTx } from '../../client.ts';
import { alerts, type NewAlert } from '../../schema/index.ts';

/**
 * Tells the operator: `details` are the facts of it, which the page words in the reader's language, `message` the
 * sentence in English for logs and commands. A repeat of an open alert (same kind and subject) counts up, and
 * tells what is so now.
 */
export async function raiseAlert(
  db: DbOrTx,
  values: Pick<NewAlert, 'tenantId' | 'subjectId' | 'message' | 'details'> & {
    kind: AlertKind;
    now: Date;
  },
): Promise<void> {
  const { now, ...alert } = values;
  await db
    .insert(alerts)
    .values({ ...alert, raisedAt: now, lastRaisedAt: now })
    .onConflictDoUpdate({
      target: [alerts.kind, alerts.subjectId],
      targetWhere: isNull(alerts.resolvedAt),
      set: { ...alert, lastRaisedAt: now, count: sql`${alerts.count} + 1` },
    });
}

/** Whether an alert of this kind and subject ever told of at least this sum, be it open or done with. */
export async function wasToldOf(
  db: DbOrTx,
  { kind, subjectId, amountMinor }: { kind: AlertKind; subjectId: string; amountMinor: number },
): Promise<boolean> {
  const [found] = await db
    .select({ id: alerts.id })
    .from(alerts)
    .where(
      and(
        eq(alerts.kind, kind),
        eq(alerts.subjectId, subjectId),
        sql`(${alerts.details}->>'amountMinor')::bigint >= ${amountMinor}::bigint`,
      ),
    )
    .limit(1);
  return found !== undefined;
}

/** Closes the open alert, when what it told of is over. */
export function resolveAlert(
  db: DbOrTx,
  kind: AlertKind,
  subjectId: string,
  now: Date,
): Promise<void> {
  return resolveAlerts(db, [kind], subjectId, now);
}

/** The same for several kinds of one subject. */
export async function resolveAlerts(
  db: DbOrTx,
  kinds: readonly AlertKind[],
  subjectId: string,
  now: Date,
): Promise<void> {
  await db
    .update(alerts)
    .set({ resolvedAt: now })
    .where(
      and(
        inArray(alerts.kind, [...kinds]),
        eq(alerts.subjectId, subjectId),
        isNull(alerts.resolvedAt),
      ),
    );
}

/** Open alerts, by kind. */
export async function countOpenAlerts(db: DbOrTx): Promise<{ kind: string; open: number }[]> {
  return db
    .select({ kind: alerts.kind, open: count() })
    .from(alerts)
    .where(isNull(alerts.resolvedAt))
    .groupBy(alerts.kind);
}
