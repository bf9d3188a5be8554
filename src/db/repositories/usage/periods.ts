import type { Period } from '../../../domain/period.ts';
import type { Bucket } from './bucket.ts';

/**
 * Makes the counters of a month for `tenantIds`, with the limits of their plans. Idempotent. The
 * ledger's partition comes first: what is held by counters must find one when it is settled.
 */
export async function openPeriod(
  bucket: Bucket,
  period: Period,
  tenantIds: readonly string[],
): Promise<void> {
  await ensurePartition(bucket, period);
  const text = `select ${bucket.schema}.usage_open($1, $2)`;
  await bucket.client.query({ text, values: [period, tenantIds] });
}

/** Makes the ledger's partition of a month. Idempotent. */
export async function ensurePartition(bucket: Bucket, period: Period): Promise<void> {
  const text = `select ${bucket.schema}.usage_ensure_partition($1)`;
  await bucket.maker.query({ text, values: [period] });
}
