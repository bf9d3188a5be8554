import type { PurchaseDeps } from '../purchases/purchase-deps.ts';
import { syncPurchase } from '../purchases/sync-purchase.ts';

/**
 * Brings purchases to what is wanted of them now. They are ordered to be looked at, so whatever fails is no
 * failure of what was decided: the sweep comes again, and tells an operator of one that goes on failing.
 */
export async function syncPatiently(deps: PurchaseDeps, ids: readonly string[]): Promise<void> {
  for (const purchaseId of ids) {
    await syncPurchase(deps, purchaseId).catch((err: unknown) => {
      deps.log.warn({ err, purchaseId }, 'a purchase was put off');
    });
  }
}
