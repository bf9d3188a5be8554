import type { CreditPurchase } from '../../../../db/schema/index.ts';
import type { PurchaseView } from '../../../../domain/api.ts';
import { costOf, refundUntil, returnableMinor } from '../../../../domain/billing/purchase.ts';
import { canManageBilling, type Role } from '../../../../domain/ids.ts';
import { grantOf } from './grant.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/**
 * The purchase as people see it. Where it is paid is for who may pay. What would go back is told from
 * what is left now, and only of one that can be given back.
 */
export async function viewPurchase(
  { credits, clock }: Pick<PurchaseDeps, 'credits' | 'clock'>,
  row: CreditPurchase,
  reader: { role: Role },
): Promise<PurchaseView> {
  const now = clock.now();
  const until = refundableUntil(row, now);
  const leftMicro = until && (await credits.readLeft(row.tenantId, grantOf(row)));
  const isOpen = row.state === 'open' && row.expiresAt > now;
  return {
    id: row.id,
    packId: row.packId,
    trigger: row.trigger,
    state: row.state,
    credits: row.credits,
    bonus: row.bonus,
    amountMinor: row.amountMinor,
    chargedMinor: row.paidAt ? costOf(row) : null,
    currency: row.currency,
    refundedMinor: row.refundedMinor,
    refundPendingMinor: row.refundPendingMinor,
    createdAt: row.createdAt.toISOString(),
    paidAt: iso(row.paidAt),
    expiresAt: iso(row.creditsExpireAt),
    refundUntil: iso(until),
    returnableMinor: leftMicro === null ? null : returnableMinor(row, leftMicro),
    checkoutUrl: isOpen && canManageBilling(reader.role) ? row.url : null,
  };
}

function refundableUntil(row: CreditPurchase, now: Date): Date | null {
  const isHeld = row.state === 'granted' || row.state === 'partly_refunded';
  if (!isHeld || !row.paidAt || row.refundPendingMinor > 0 || row.refundAskedAt) return null;
  // What cost nothing has nothing to give back.
  if (costOf(row) === 0) return null;
  const until = refundUntil(row.paidAt);
  return now < until ? until : null;
}

function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
