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

/** A correction that takes one row of the ledger back; `amount` and `occurredAt` are of that row. */
export interface Reversal extends Correction {
  /** The row's id. */
  row: string;
  /** Until then a grant that ended meanwhile has what comes back to it; else that lapses. */
  extendTo?: Date | undefined;
}

/** Why a row of the ledger is not taken back; see `usage_reverse`. */
export type ReversalRefusal = 'unknown' | 'correction' | 'reversed' | 'resettled';

/** The bucket's word that a row is not taken back. */
export class RowNotReversible extends Error {
  override readonly name = 'RowNotReversible';
  readonly refusal: ReversalRefusal;

  constructor(refusal: ReversalRefusal) {
    super(`The row is not taken back: ${refusal}.`);
    this.refusal = refusal;
  }
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
  wanted: Correction | Reset | Reversal,
): Promise<Corrected> {
  if ('row' in wanted) return writeReversal(tx, number, wanted);
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

async function writeReversal(
  tx: Pick<Tx, 'execute'>,
  number: number,
  { tenantId, period, row, amount, extendTo, actor, reason, now }: Reversal,
): Promise<Corrected> {
  const bucket = sql.identifier(bucketSchema(number));
  const { rows } = await tx.execute<{ refused: ReversalRefusal | null; after: string }>(sql`
    select refused, used_after as after
    from ${bucket}.usage_reverse(${tenantId}, ${period}, ${row}, ${extendTo?.toISOString() ?? null},
      ${`${actor.kind}:${actorId(actor)}`}, ${reason}, ${now.toISOString()})`);
  const [{ refused, after }] = rows as [(typeof rows)[number]];
  if (refused !== null) throw new RowNotReversible(refused);
  return { before: Number(after) - amount, after: Number(after) };
}

export function auditCorrection(
  tx: Tx,
  wanted: Correction | Reset | Reversal,
  { before, after }: Corrected,
): Promise<void> {
  const { tenantId, period, resourceType, actor, reason, now } = wanted;
  return insertAuditEntry(tx, {
    ...{ tenantId, actor, now, cause: reason },
    action: 'amount' in wanted ? 'usage.corrected' : 'usage.reset',
    subjectId: `${resourceType}:${period}`,
    before: { used: before },
    after: { used: after, ...('row' in wanted ? { reverses: wanted.row } : {}) },
  });
}
