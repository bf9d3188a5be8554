import { sql } from 'drizzle-orm';
import type { Actor } from '../../../domain/ids.ts';
import type { Period } from '../../../domain/period.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import type { Db } from '../../client.ts';
import { actorId, insertAuditEntry } from '../operations/audit-log.repository.ts';
import { holdPlace } from './buckets/placement.ts';

interface Change {
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
  actor: Actor;
  reason: string;
  now: Date;
}

/** A correction of the books: signed units, who made it and why. */
export interface Correction extends Change {
  /** Not 0; negative takes usage off. */
  amount: number;
  /** Its day is the day of the daily chart; it lies in `period`. */
  occurredAt: Date;
}

/**
 * Writes a correction and its audit entry, where the tenant is; answers `used` after it. The check
 * `usage_totals_not_negative` refuses one that would leave less than nothing.
 */
export function writeCorrection(db: Db, correction: Correction): Promise<number> {
  const { tenantId, period, resourceType, amount, actor, reason, occurredAt, now } = correction;
  return db.transaction(async (tx) => {
    const bucket = sql.identifier(await holdPlace(tx, tenantId));
    await tx.execute(sql`select ${bucket}.usage_ensure_partition(${period})`);
    await tx.execute(sql`select ${bucket}.usage_open(${period}, array[${tenantId}::uuid])`);
    const result = await tx.execute<{ used: string }>(sql`
      select ${bucket}.usage_correct(${tenantId}, ${period}, ${resourceType}, ${amount}, ${who(actor)},
        ${reason}, ${occurredAt.toISOString()}, ${now.toISOString()}) as used`);
    const used = Number(result.rows[0]!.used);
    await insertAuditEntry(tx, {
      ...{ tenantId, actor, now, cause: reason },
      action: 'usage.corrected',
      subjectId: `${resourceType}:${period}`,
      before: { used: used - amount },
      after: { used },
    });
    return used;
  });
}

/** Takes a counter to zero by corrections, one a day; answers what it stood at. */
export function writeReset(db: Db, reset: Change): Promise<number> {
  const { tenantId, period, resourceType, actor, reason, now } = reset;
  return db.transaction(async (tx) => {
    const bucket = sql.identifier(await holdPlace(tx, tenantId));
    await tx.execute(sql`select ${bucket}.usage_ensure_partition(${period})`);
    const result = await tx.execute<{ used: string }>(sql`
      select ${bucket}.usage_reset(${tenantId}, ${period}, ${resourceType}, ${who(actor)}, ${reason},
        ${now.toISOString()}) as used`);
    const used = Number(result.rows[0]!.used);
    await insertAuditEntry(tx, {
      ...{ tenantId, actor, now, cause: reason },
      action: 'usage.reset',
      subjectId: `${resourceType}:${period}`,
      before: { used },
      after: { used: 0 },
    });
    return used;
  });
}

const who = (actor: Actor) => `${actor.kind}:${actorId(actor)}`;
