import { BillingError } from '../../../../domain/errors.ts';
import { isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { PurchaseDeps } from '../purchases/purchase-deps.ts';
import { syncPurchase } from '../purchases/sync-purchase.ts';

/**
 * Brings purchases to what is wanted of them now. They are ordered to be looked at, so a Stripe that is
 * away, or somebody who is at the customer, is no failure: the sweep comes again.
 */
export async function syncPatiently(deps: PurchaseDeps, ids: readonly string[]): Promise<void> {
  for (const purchaseId of ids) {
    try {
      await syncPurchase(deps, purchaseId);
    } catch (err) {
      const isBusy = err instanceof BillingError && err.code === 'busy';
      if (!isBusy && !isStripeUnavailable(err)) throw err;
      deps.log.warn({ err, purchaseId }, 'a purchase was put off');
    }
  }
}
