import { sql } from 'drizzle-orm';
import { bucketSchema } from '../../../buckets.ts';
import type { Database, Tx } from '../../../client.ts';
import { findPlaces, holdPlace } from '../buckets/placement.ts';
import { correctElsewhere } from './elsewhere.ts';
import { auditCorrection, writeCorrection } from './rows.ts';
import type { Corrected, Correction, Reset } from './rows.ts';

/**
 * Writes a correction, or a reset, with its audit entry, in the bucket in which the tenant is. The
 * check `usage_totals_not_negative` refuses one that would leave less than nothing.
 */
export async function correctUsage(
  database: Pick<Database, 'db' | 'pool' | 'buckets'>,
  wanted: Correction | Reset,
): Promise<Corrected> {
  for (;;) {
    const places = await findPlaces(database.pool, [wanted.tenantId]);
    const number = places.get(wanted.tenantId.toLowerCase())?.bucket ?? 0;
    const { node } = await database.buckets.of(number);
    if (node !== null) return correctElsewhere(database, wanted);
    // One transaction; nothing when the tenant was moved since.
    const done = await database.db.transaction((tx) => correctHere(tx, number, wanted));
    if (done !== undefined) return done;
  }
}

async function correctHere(
  tx: Tx,
  number: number,
  wanted: Correction | Reset,
): Promise<Corrected | undefined> {
  if ((await holdPlace(tx, wanted.tenantId)) !== bucketSchema(number)) return undefined;
  const bucket = sql.identifier(bucketSchema(number));
  await tx.execute(sql`select ${bucket}.usage_ensure_partition(${wanted.period})`);
  const corrected = await writeCorrection(tx, number, wanted);
  await auditCorrection(tx, wanted, corrected);
  return corrected;
}
