import type { CreditPurchase } from '../../../../db/schema/index.ts';
import type { PurchaseView } from '../../../../domain/api.ts';
import {
  costOf,
  isReturnable,
  refundUntil,
  returnableMinor,
} from '../../../../domain/billing/purchase.ts';
import { canManageBilling, type Role } from '../../../../domain/ids.ts';
import { readLeftOf } from './grant.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

/**
 * A team's purchases as people see them, in their order. Where one is paid is for who may pay. What would go
 * back is told from what is left now, and only of those that can be given back.
 */
export async function viewPurchases(
  deps: Pick<PurchaseDeps, 'credits' | 'clock'>,
  rows: readonly CreditPurchase[],
  reader: { role: Role; tenantId: string },
): Promise<PurchaseView[]> {
  const now = deps.clock.now();
  const refundable = rows.filter((row) => refundableUntil(row, now) !== null);
  const left = await readLeftOf(deps, reader.tenantId, refundable);
  return rows.map((row) => viewPurchase(row, left.get(row.id) ?? 0, reader, now));
}

function viewPurchase(
  row: CreditPurchase,
  leftMicro: number,
  reader: { role: Role },
  now: Date,
): PurchaseView {
  const until = refundableUntil(row, now);
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
    returnableMinor: until && returnableMinor(row, leftMicro),
    checkoutUrl: isOpen && canManageBilling(reader.role) ? row.url : null,
  };
}

function refundableUntil(row: CreditPurchase, now: Date): Date | null {
  const isHeld = row.state === 'granted' || row.state === 'partly_refunded';
  if (!isHeld || !row.paidAt || row.refundPendingMinor > 0 || row.refundAskedAt) return null;
  if (!isReturnable(row)) return null;
  const until = refundUntil(row.paidAt);
  return now < until ? until : null;
}

function iso(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
