import type { Actor } from '../../../domain/ids.ts';
import type { DbOrTx } from '../../client.ts';
import { auditLog } from '../../schema/index.ts';

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
