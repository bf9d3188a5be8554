import type { Period } from '../../../domain/period.ts';
import { databaseCode, violatedConstraint } from '../../database-error.ts';
import { ensurePartition } from './periods.ts';
import { settleBatch, type SettleCall, type Settlement } from './settle.ts';
import type { Asks } from './hot-path.ts';

const ATTEMPTS_MAX = 10;

/** Settles a batch, also when its month's partition was archived meanwhile, or after a deadlock. */
export async function settleAll(
  client: Asks,
  now: Date,
  calls: readonly SettleCall[],
): Promise<Settlement[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await settleBatch(client, now, calls);
    } catch (error) {
      const code = databaseCode(error);
      const retried = code === '40001' || code === '40P01';
      const noPartition = code === '23514' && violatedConstraint(error) === undefined;
      if (attempt === ATTEMPTS_MAX || !(retried || noPartition)) throw error;
      if (noPartition) await ensurePartitionsOf(client, calls);
    }
  }
}

async function ensurePartitionsOf(client: Asks, calls: readonly SettleCall[]): Promise<void> {
  const { rows } = await client.query<{ period: Period }>({
    text: `select distinct r.period
     from unnest($1::uuid[], $2::uuid[]) as w(tenant_id, id)
     join usage_reservations r using (tenant_id, id)`,
    values: [calls.map((call) => call.tenantId), calls.map((call) => call.reservationId)],
  });
  for (const { period } of rows) await ensurePartition(client, period);
}
