import type { Period } from '../../../domain/period.ts';
import type { Asks } from './hot-path.ts';

/**
 * Makes the counters of a month for `tenantIds`, with the limits of their plans. Idempotent. The
 * ledger's partition comes first: what is held by counters must find one when it is settled.
 */
export async function openPeriod(
  client: Asks,
  period: Period,
  tenantIds: readonly string[],
): Promise<void> {
  await ensurePartition(client, period);
  await client.query({ text: 'select usage_open($1, $2)', values: [period, tenantIds] });
}

/** Makes the ledger's partition of a month. Idempotent. */
export async function ensurePartition(client: Asks, period: Period): Promise<void> {
  await client.query({ text: 'select usage_ensure_partition($1)', values: [period] });
}
