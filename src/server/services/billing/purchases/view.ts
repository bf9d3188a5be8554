import type { CreditPurchase } from '../../../../db/schema/index.ts';
import type { PurchaseView } from '../../../../domain/api.ts';
import { costOf, refundUntil } from '../../../../domain/billing/purchase.ts';
import { canManageBilling, type Role } from '../../../../domain/ids.ts';

/** The purchase as people see it. Where it is paid is for who may pay. */
export function viewPurchase(row: CreditPurchase, reader: { role: Role }, now: Date): PurchaseView {
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
    refundUntil: iso(refundableUntil(row, now)),
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
