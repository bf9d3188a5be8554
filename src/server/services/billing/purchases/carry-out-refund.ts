import { inTransaction } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import { updatePurchase } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import type { CreditPurchase } from '../../../../db/schema/index.ts';
import { returnableMinor, type PurchaseFacts } from '../../../../domain/billing/purchase.ts';
import { isRefused } from '../../stripe/client/errors.ts';
import type { PurchaseReading } from '../../stripe/packs/purchase-facts.ts';
import { pauseForReturn } from './end-top-up.ts';
import { ensureGrant, listGrants, readLeftOfOne, setFrozen } from './grant.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/**
 * Makes the refund that was asked for, unless Stripe has it already: however often it is cut, it goes on
 * with the figures that were fixed at first and under the same key, with no more money than may still go
 * back. What Stripe refuses is dropped.
 */
export async function carryOutRefund(
  deps: PurchaseDeps,
  asked: CreditPurchase,
  { facts, tags }: PurchaseReading,
): Promise<CreditPurchase> {
  const { db, stripe, log } = deps;
  const tag = refundTag(asked);
  if (![...tags.values()].includes(tag)) {
    const row = await fixFigures(deps, asked, facts);
    const { refundAskedMicro: micro, tenantId } = row;
    // Staff may have refunded or credited something since the figures were fixed.
    const amountMinor = Math.min(row.refundAskedMinor ?? 0, facts.leftMinor);
    const paymentIntentId = row.stripePaymentIntentId;
    try {
      if (amountMinor > 0 && paymentIntentId) {
        const purchase = { tenantId, purchaseId: row.id };
        await stripe.refundPurchase({ ...purchase, paymentIntentId, amountMinor, micro, tag });
      }
    } catch (error) {
      if (!isRefused(error)) throw error;
      log.warn({ err: error, purchaseId: row.id }, 'Stripe refused the refund of a purchase');
    }
  }
  return updatePurchase(db, asked.id, {
    refundAskedAt: null,
    refundAskedMinor: null,
    refundAskedMicro: null,
  });
}

/** How the refund that was asked for last is marked at Stripe. */
export const refundTag = ({ id, refundsAsked }: CreditPurchase) => `${id}:${refundsAsked}`;

/** Freezes the credits, so that what is left of them stays, and writes down what that is worth. */
export async function fixFigures(
  deps: PurchaseDeps,
  row: CreditPurchase,
  { chargedMinor, leftMinor }: Pick<PurchaseFacts, 'chargedMinor' | 'leftMinor'>,
): Promise<CreditPurchase> {
  const { db, clock } = deps;
  const grants = await listGrants(deps, row);
  const frozen = await repeated(() =>
    inTransaction(db, async (tx) =>
      updatePurchase(tx, row.id, {
        refundsAsked: row.refundsAsked,
        ...(await setFrozen(deps, tx, row, { wanted: true, grants })),
      }),
    ),
  );
  if (frozen.refundAskedMinor !== null) return frozen;
  await ensureGrant(deps, frozen);
  const leftMicro = await readLeftOfOne(deps, row);
  const amountMinor = returnableMinor({ ...row, chargedMinor, leftMinor }, leftMicro);
  return inTransaction(db, async (tx) => {
    if (amountMinor > 0) await pauseForReturn(tx, row, clock.now());
    return updatePurchase(tx, row.id, {
      refundAskedMinor: amountMinor,
      refundAskedMicro: leftMicro,
    });
  });
}
