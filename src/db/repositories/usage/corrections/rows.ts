import { sql, type SQL } from 'drizzle-orm';
import type { Actor } from '../../../../domain/ids.ts';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import { bucketSchema } from '../../../buckets.ts';
import type { Tx } from '../../../client.ts';
import { actorId, insertAuditEntry } from '../../operations/audit-log.repository.ts';

/** A counter that is to be taken to zero, by whom and why. */
export interface Reset {
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
  actor: Actor;
  reason: string;
  now: Date;
}

/** A correction of the books: signed units, who made it and why. */
export interface Correction extends Reset {
  /** Not 0; negative takes usage off. */
  amount: number;
  /** Its day is the day of the daily chart; it lies in `period`. */
  occurredAt: Date;
}

/** What a counter stood at, and stands at. */
export interface Corrected {
  before: number;
  after: number;
}

/** The ledger's rows of a correction, in a transaction on the bucket's server. */
export async function writeCorrection(
  tx: Pick<Tx, 'execute'>,
  number: number,
  wanted: Correction | Reset,
): Promise<Corrected> {
  const { tenantId, period, resourceType, actor, reason, now } = wanted;
  const bucket = sql.identifier(bucketSchema(number));
  const who = `${actor.kind}:${actorId(actor)}`;
  const used = async (call: SQL) => {
    const { rows } = await tx.execute<{ used: string }>(sql`select ${bucket}.${call} as used`);
    return Number(rows[0]!.used);
  };
  if (!('amount' in wanted)) {
    const before = await used(
      sql`usage_reset(${tenantId}, ${period}, ${resourceType}, ${who}, ${reason}, ${now.toISOString()})`,
    );
    return { before, after: 0 };
  }
  const { amount, occurredAt } = wanted;
  await tx.execute(sql`select ${bucket}.usage_open(${period}, array[${tenantId}::uuid])`);
  const after = await used(
    sql`usage_correct(${tenantId}, ${period}, ${resourceType}, ${amount}, ${who}, ${reason},
      ${occurredAt.toISOString()}, ${now.toISOString()})`,
  );
  return { before: after - amount, after };
}

export function auditCorrection(
  tx: Tx,
  wanted: Correction | Reset,
  { before, after }: Corrected,
): Promise<void> {
  const { tenantId, period, resourceType, actor, reason, now } = wanted;
  return insertAuditEntry(tx, {
    ...{ tenantId, actor, now, cause: reason },
    action: 'amount' in wanted ? 'usage.corrected' : 'usage.reset',
    subjectId: `${resourceType}:${period}`,
    before: { used: before },
    after: { used: after },
  });
}
