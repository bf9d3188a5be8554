import { randomUUID } from 'node:crypto';
import { asc, eq, lt, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { BucketPlace } from '../../../buckets/nodes.ts';
import { bucketSchema } from '../../../buckets.ts';
import type { Database, Db, Tx } from '../../../client.ts';
import { isDatabaseAway } from '../../../database-error.ts';
import { meteringCorrections } from '../../../schema/index.ts';
import { bucketOf } from '../bucket.ts';
import { putEntitlement, readEntitlement } from '../buckets/copies.ts';
import { keepPlace } from '../buckets/placement.ts';
import { auditCorrection, writeCorrection } from './rows.ts';
import type { Corrected, Correction, Reset, Reversal } from './rows.ts';
import { ensurePartition } from '../periods.ts';

type Wanted = Correction | Reset | Reversal;

/** The correction is written down, and its bucket did not answer: it is made when that does. */
export class CorrectionWaits extends Error {
  override readonly name = 'CorrectionWaits';
}

/** The bucket said no, and nothing is written. */
class CorrectionRefused extends Error {
  override readonly name = 'CorrectionRefused';
}

/**
 * Corrects in a bucket of another server, where it is another transaction than its audit entry. It is
 * written down first; in the bucket it is made once, whoever comes with it how often; then the entry is
 * written. What is cut short is carried out by `listOpenCorrections`.
 */
export async function correctElsewhere(
  database: Pick<Database, 'db' | 'buckets'>,
  wanted: Wanted,
): Promise<Corrected> {
  const id = randomUUID();
  const { tenantId, now } = wanted;
  await database.db
    .insert(meteringCorrections)
    .values({ id, tenantId, request: wanted, createdAt: now });
  try {
    const corrected = await carryOutCorrection(database, id);
    if (corrected !== undefined) return corrected;
  } catch (cause) {
    if (cause instanceof CorrectionRefused) throw cause;
    throw new CorrectionWaits('The bucket does not answer.', { cause });
  }
  throw new CorrectionWaits('The tenant is being moved.');
}

/** Corrections that were asked for before `before` and have no audit entry yet, oldest first. */
export async function listOpenCorrections(db: Db, before: Date): Promise<string[]> {
  const rows = await db
    .select({ id: meteringCorrections.id })
    .from(meteringCorrections)
    .where(lt(meteringCorrections.createdAt, before))
    .orderBy(asc(meteringCorrections.createdAt));
  return rows.map(({ id }) => id);
}

/**
 * Carries a correction out, or what is left of it. `undefined` when it is done, or somebody else does
 * it, or the tenant is just moved. One that the bucket refuses is forgotten.
 */
export async function carryOutCorrection(
  { db, buckets }: Pick<Database, 'db' | 'buckets'>,
  id: string,
): Promise<Corrected | undefined> {
  const isIt = eq(meteringCorrections.id, id);
  try {
    return await db.transaction(async (tx) => {
      const [row] = await tx
        .select()
        .from(meteringCorrections)
        .where(isIt)
        .for('update', { skipLocked: true });
      if (row === undefined || !(await keepPlace(tx, row.tenantId))) return undefined;
      const wanted = revived(row.request as Wanted);
      const entitlement = (await readEntitlement(tx, row.tenantId))!;
      const place = await buckets.of(entitlement.bucket);
      // It may not have heard of the tenant yet.
      await putEntitlement(bucketOf(place.pool, place.number), entitlement);
      const corrected = await correctOnce(place, id, wanted).catch((cause: unknown) => {
        if (isDatabaseAway(cause)) throw cause;
        throw new CorrectionRefused('The bucket refuses the correction.', { cause });
      });
      await auditCorrection(tx, wanted, corrected);
      await tx.delete(meteringCorrections).where(isIt);
      return corrected;
    });
  } catch (error) {
    if (error instanceof CorrectionRefused) await db.delete(meteringCorrections).where(isIt);
    throw error;
  }
}

/** Dates come back from JSON as text. */
function revived(wanted: Wanted): Wanted {
  const now = new Date(wanted.now);
  if (!('amount' in wanted)) return { ...wanted, now };
  const correction = { ...wanted, now, occurredAt: new Date(wanted.occurredAt) };
  const extendTo = 'extendTo' in wanted && wanted.extendTo ? new Date(wanted.extendTo) : undefined;
  return extendTo ? { ...correction, extendTo } : correction;
}

/** The key under which the bucket remembers what it answered stands beside those of callers. */
async function correctOnce(place: BucketPlace, id: string, wanted: Wanted): Promise<Corrected> {
  const { tenantId, period, now } = wanted;
  await ensurePartition(bucketOf(place.pool, place.number, place), period);
  const bucket = sql.identifier(bucketSchema(place.number));
  const key = `correction:${id}`;
  return drizzle(place.pool).transaction(async (node) => {
    const tx = node as unknown as Pick<Tx, 'execute'>;
    // Whoever comes at the same time waits for the first, and is refused by the key.
    await tx.execute(sql`
      insert into ${bucket}.usage_idempotency (tenant_id, key, fingerprint, accepted, used, remaining,
        created_at)
      values (${tenantId}, ${key}, 0, true, 0, 0, ${now.toISOString()})
      on conflict do nothing`);
    const { rows } = await tx.execute<{ before: string; after: string; made: boolean }>(sql`
      select remaining as before, used as after, fingerprint <> 0 as made
      from ${bucket}.usage_idempotency where tenant_id = ${tenantId} and key = ${key}`);
    const [{ before, after, made }] = rows as [(typeof rows)[number]];
    if (made) return { before: Number(before), after: Number(after) };
    const corrected = await writeCorrection(tx, place.number, wanted);
    await tx.execute(sql`
      update ${bucket}.usage_idempotency
      set fingerprint = 1, used = ${corrected.after}, remaining = ${corrected.before}
      where tenant_id = ${tenantId} and key = ${key}`);
    return corrected;
  });
}
