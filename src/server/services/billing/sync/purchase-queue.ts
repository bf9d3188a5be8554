import type { Tx } from '../../../../db/client.ts';
import {
  listToLookAt,
  orderLook,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import type { Jobs } from '../../../jobs.ts';

export const PURCHASE_QUEUE = 'credit-purchase';

/**
 * Has those of the tenant's purchases looked at, once this transaction is committed, that something was
 * heard of, that wait for something, or that do not know of a refund or dispute of their payment.
 */
export async function wakePurchases(
  jobs: Pick<Jobs, 'send'>,
  tx: Tx,
  values: { tenantId: string; now: Date } & NonNullable<Parameters<typeof listToLookAt>[2]>,
): Promise<void> {
  const { tenantId, now, ...named } = values;
  const ids = await listToLookAt(tx, tenantId, named);
  if (ids.length === 0) return;
  await orderLook(tx, ids, now);
  for (const purchaseId of ids) {
    await jobs.send(PURCHASE_QUEUE, { purchaseId }, { tx, singletonKey: purchaseId });
  }
}
