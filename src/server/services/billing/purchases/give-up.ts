import {
  findOpenPurchase,
  updatePurchase,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { BillingError } from '../../../../domain/errors.ts';
import type { Requester } from '../requester.ts';
import { changeBilling } from '../subscription/change-billing.ts';
import type { BuyingDeps } from './begin.ts';

/**
 * Ends an open purchase, so that nobody can pay it any more. 409 `state_changed` when it is not open:
 * paid in the meantime, say.
 */
export function giveUpPurchase(
  deps: BuyingDeps,
  requester: Requester,
  purchaseId: string,
): Promise<void> {
  return changeBilling(deps, requester, async (_tx, tenant) => {
    const open = await findOpenPurchase(deps.db, tenant.id);
    const session = open?.id === purchaseId ? open.stripeSessionId : undefined;
    const isOver =
      open?.id === purchaseId &&
      (!session || (await deps.stripe.expireCheckout(session)) === 'expired');
    if (!isOver) {
      throw new BillingError(
        'state_changed',
        'This purchase is not open any more; look at it again.',
      );
    }
    await updatePurchase(deps.db, purchaseId, { state: 'expired', lookAt: null });
  });
}
