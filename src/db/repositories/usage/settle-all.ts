import type { Period } from '../../../domain/period.ts';
import { databaseCode, isDataRefused, violatedConstraint } from '../../database-error.ts';
import { isToComeAgain, type Bucket } from './bucket.ts';
import { ensurePartition } from './periods.ts';
import { settleBatch, type SettleCall, type Settlement } from './settle.ts';

const ATTEMPTS_MAX = 10;

/**
 * Settles a batch, also when its month's partition was archived meanwhile, or after a deadlock. A
 * call that the database refuses is answered with its Error; the others are not lost for it.
 */
export async function settleAll(
  bucket: Bucket,
  now: Date,
  calls: readonly SettleCall[],
): Promise<(Settlement | Error)[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await settleBatch(bucket, now, calls);
    } catch (error) {
      const noPartition =
        databaseCode(error) === '23514' && violatedConstraint(error) === undefined;
      if (attempt < ATTEMPTS_MAX && noPartition) await ensurePartitionsOf(bucket, calls);
      else if (isDataRefused(error)) return splitOff(bucket, now, calls, error as Error);
      else if (attempt === ATTEMPTS_MAX || !isToComeAgain(bucket, error)) throw error;
    }
  }
}

/** Halves until the call that cannot be stored stands alone. Done twice, a call answers the same. */
async function splitOff(
  bucket: Bucket,
  now: Date,
  calls: readonly SettleCall[],
  error: Error,
): Promise<(Settlement | Error)[]> {
  if (calls.length === 1) return [error];
  const middle = Math.ceil(calls.length / 2);
  const first = await settleAll(bucket, now, calls.slice(0, middle));
  return [...first, ...(await settleAll(bucket, now, calls.slice(middle)))];
}

async function ensurePartitionsOf(bucket: Bucket, calls: readonly SettleCall[]): Promise<void> {
  const { rows } = await bucket.client.query<{ period: Period }>({
    text: `select distinct r.period
     from unnest($1::uuid[], $2::uuid[]) as w(tenant_id, id)
     join ${bucket.schema}.usage_reservations r using (tenant_id, id)`,
    values: [calls.map((call) => call.tenantId), calls.map((call) => call.reservationId)],
  });
  for (const { period } of rows) await ensurePartition(bucket, period);
}
