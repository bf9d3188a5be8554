import type { Tx } from '../../../../db/client.ts';
import { lockCustomer } from '../../../../db/repositories/billing/lock.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { requestTimeLeft } from '../../stripe/client/request-time.ts';
import { writeCharge } from '../sync/write-charges.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

/**
 * Writes down what has become of charges of which something went back just now. Under the customer's lock,
 * as every sync: the webhook of the refund writes the same rows, often in the same moment.
 */
export async function writeCharges(
  { stripe }: Pick<SyncDeps, 'stripe'>,
  tx: Tx,
  values: { tenantId: string; chargeIds: readonly string[]; now: Date },
): Promise<void> {
  const { tenantId, chargeIds, now } = values;
  if (chargeIds.length === 0) return;
  const customerId = (await findTenantById(tx, tenantId))?.stripeCustomerId;
  if (customerId) await lockCustomer(tx, customerId, requestTimeLeft());
  for (const chargeId of chargeIds) {
    const reading = await stripe.findCharge(chargeId);
    if (reading) await writeCharge(tx, tenantId, reading, now);
  }
}
