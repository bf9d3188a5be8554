import { and, desc, sql } from 'drizzle-orm';
import type { DbOrTx } from '../../client.ts';
import { auditLog, type AuditEntry } from '../../schema/index.ts';

/** What operators did and looked at, the newest first: all of it, or what stands behind entry `after`. */
export function listOperatorEntries(
  db: DbOrTx,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  return db
    .select()
    .from(auditLog)
    .where(
      and(
        sql`${auditLog.action} like 'operator.%'`,
        after === undefined
          ? undefined
          : sql`(${auditLog.createdAt}, ${auditLog.id}) < (
              select l.created_at, l.id from ${auditLog} l where l.id = ${after})`,
      ),
    )
    .orderBy(desc(auditLog.createdAt), desc(auditLog.id))
    .limit(limit);
}
