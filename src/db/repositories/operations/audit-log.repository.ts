import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import { isUuid, type Actor } from '../../../domain/ids.ts';
import type { DbOrTx } from '../../client.ts';
import { apiKeys, auditLog, users, type AuditEntry } from '../../schema/index.ts';

export interface AuditRecord {
  tenantId: string | null;
  actor: Actor;
  /** `<noun>.<verb past>`. */
  action: string;
  subjectId?: string | null;
  before?: unknown;
  after?: unknown;
  cause?: string | null;
  requestId?: string | null;
  now: Date;
}

/** Writes what changed, who did it and why; call it in the transaction of the change. */
export async function insertAuditEntry(db: DbOrTx, record: AuditRecord): Promise<void> {
  const { actor, now, before = null, after = null, ...rest } = record;
  await db.insert(auditLog).values({
    ...rest,
    before,
    after,
    actorKind: actor.kind,
    actorId: actorId(actor),
    createdAt: now,
  });
}

/** Whether it has an entry of the same action and subject whose `after` has this ref. */
export async function hasAuditEntry(
  db: DbOrTx,
  { tenantId, action, subjectId }: Required<Pick<AuditRecord, 'tenantId' | 'action' | 'subjectId'>>,
  ref: string,
): Promise<boolean> {
  const found = await db.$count(
    auditLog,
    sql`tenant_id = ${tenantId} and action = ${action} and subject_id = ${subjectId}
      and after->>'ref' = ${ref}`,
  );
  return found > 0;
}

export function actorId(actor: Actor): string {
  switch (actor.kind) {
    case 'user':
      return actor.userId;
    case 'api_key':
      return actor.apiKeyId;
    case 'service':
      return actor.name;
    case 'webhook':
      return actor.eventId;
    case 'system':
      return actor.task;
  }
}

/** An entry with the names of who did it and whom it is about, where they are known. */
export interface NamedAuditEntry extends AuditEntry {
  actorName: string | null;
  subjectName: string | null;
}

/** What was done in a tenant, the newest first: all of it, or what stands behind entry `after`. */
export async function listAuditEntries(
  db: DbOrTx,
  tenantId: string,
  { after, limit }: { after: number | undefined; limit: number },
): Promise<NamedAuditEntry[]> {
  const isBehind = sql`(${auditLog.createdAt}, ${auditLog.id}) < (
    select l.created_at, l.id from ${auditLog} l where l.id = ${after} and l.tenant_id = ${tenantId})`;
  const rows = await db
    .select()
    .from(auditLog)
    .where(and(eq(auditLog.tenantId, tenantId), after === undefined ? undefined : isBehind))
    .orderBy(desc(auditLog.createdAt), desc(auditLog.id))
    .limit(limit);
  const names = await namesOf(db, rows);
  const nameOf = (id: string | null) => (id === null ? null : (names.get(id) ?? null));
  return rows.map((row) => ({
    ...row,
    actorName: nameOf(row.actorId),
    subjectName: nameOf(row.subjectId),
  }));
}

/** The names of the people and keys that entries speak of. */
async function namesOf(db: DbOrTx, rows: readonly AuditEntry[]): Promise<Map<string, string>> {
  const ids = rows.flatMap(({ actorId, subjectId }) => [actorId, subjectId]).filter(isUuid);
  if (ids.length === 0) return new Map();
  const people = await db
    .select({ id: users.id, name: users.displayName })
    .from(users)
    .where(inArray(users.id, ids));
  const keys = await db
    .select({ id: apiKeys.id, name: apiKeys.name })
    .from(apiKeys)
    .where(inArray(apiKeys.id, ids));
  return new Map([...keys, ...people].map(({ id, name }) => [id, name]));
}
