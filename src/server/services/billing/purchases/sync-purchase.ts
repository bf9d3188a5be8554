import { inTransaction } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  findPurchase,
  updatePurchase,
  writePurchaseFacts,
} from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { resolveAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { CreditPurchase, Tenant } from '../../../../db/schema/index.ts';
import { isDisputeOpen } from '../../../../domain/billing/dispute.ts';
import { refundedMinor, refundPendingMinor, stateOf } from '../../../../domain/billing/purchase.ts';
import type { PurchaseReading } from '../../stripe/packs/purchase-facts.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { followTopUp } from './follow-top-up.ts';
import { judgePurchase } from './judge-purchase.ts';
import { applyToCredits } from './apply-to-credits.ts';
import { listGrants } from './grant.ts';
import { carryOutRefund } from './carry-out-refund.ts';
import { orderReturn } from './order-return.ts';
import type { PurchaseDeps } from './purchase-deps.ts';

export const PURCHASE_ALERT = 'purchase_failing';

/**
 * Brings a purchase to what Stripe says now, whoever heard of it: the only function that grants its
 * credits, freezes them or takes them back. In the customer's lock Stripe is asked, what it says is
 * written, and then the credits follow in one transaction with the state that says so. Every step may be
 * cut and repeated: credits are changed under the names of the purchase, its refunds and disputes.
 */
export async function syncPurchase(
  deps: PurchaseDeps,
  purchaseId: string,
): Promise<CreditPurchase | undefined> {
  const known = await findPurchase(deps.db, purchaseId);
  return known && withCustomer(deps, known.stripeCustomerId, () => syncInLock(deps, purchaseId));
}

/** The same for who holds the customer's lock. */
export async function syncInLock(deps: PurchaseDeps, purchaseId: string): Promise<CreditPurchase> {
  return (await readInLock(deps, purchaseId)).row;
}

/** The same, with what Stripe says of it; nothing is known of one that was not opened. */
export async function readInLock(
  deps: PurchaseDeps,
  purchaseId: string,
): Promise<{ row: CreditPurchase; reading?: PurchaseReading }> {
  const { db, clock } = deps;
  const known = (await findPurchase(db, purchaseId))!;
  const look = known.trigger === 'auto' ? readTopUp : readSession;
  const found = await look(deps, known);
  if (!found) return { row: await settleUnopened(deps, known) };
  const tenant = (await findTenantById(db, known.tenantId))!;
  let { reading } = found;
  let row = await writeFacts(deps, found.row, reading);
  if (row.refundAskedAt) {
    row = await carryOutRefund(deps, row, reading);
    reading = (await look(deps, row))!.reading;
    row = await writeFacts(deps, row, reading);
  }
  const done =
    reading.facts.payment === 'paid' ? await settlePaid(deps, tenant, row, reading) : row;
  const values = { lookAt: nextLook(done, clock.now()), lookAttempts: 0, lastError: null };
  return { row: await updatePurchase(db, done.id, values), reading };
}

interface Found {
  row: CreditPurchase;
  reading: PurchaseReading;
}

/** What Stripe says of it; a session that a rule of the team's does not allow any more is ended first. */
async function readSession(deps: PurchaseDeps, row: CreditPurchase): Promise<Found | undefined> {
  const { stripe, clock } = deps;
  const { stripeSessionId: sessionId } = row;
  if (!sessionId) return undefined;
  const reading = await stripe.readPurchase(sessionId);
  if (reading.facts.session !== 'open') return { row, reading };
  if (!(await judgePurchase(deps, row, clock.now()))) return { row, reading };
  await stripe.expireCheckout(sessionId);
  return { row, reading: await stripe.readPurchase(sessionId) };
}

/** Brings it on, and says what became of the money. */
async function readTopUp(deps: PurchaseDeps, known: CreditPurchase): Promise<Found | undefined> {
  const { row, invoice } = await followTopUp(deps, known);
  return invoice && { row, reading: await deps.stripe.topUps.read(invoice) };
}

/** Nobody has its address, so nobody can pay it: it is over when its time is. */
async function settleUnopened(
  { db, clock }: PurchaseDeps,
  { id }: CreditPurchase,
): Promise<CreditPurchase> {
  const row = (await findPurchase(db, id))!;
  // Opened meanwhile: whoever did that has said when to look again.
  if (row.state === 'open') return row;
  if (row.state !== 'wanted') return updatePurchase(db, id, { lookAt: null });
  if (row.expiresAt > clock.now()) return updatePurchase(db, id, { lookAt: afterEnd(row) });
  return updatePurchase(db, id, { state: 'expired', lookAt: null });
}

/** What does not touch the credits: so that a payment is known also while they cannot be granted. */
function writeFacts(
  { db, clock }: PurchaseDeps,
  row: CreditPurchase,
  { facts, paymentIntentId, invoiceId }: PurchaseReading,
): Promise<CreditPurchase> {
  const isGranted = row.creditsExpireAt !== null;
  // Of a top-up that is not paid our own steps say what it is.
  const isOurs = row.trigger === 'auto' && facts.payment !== 'paid';
  return writePurchaseFacts(db, row.id, {
    ...(!isOurs && { state: stateOf(facts, isGranted) }),
    stripePaymentIntentId: paymentIntentId ?? row.stripePaymentIntentId,
    stripeInvoiceId: invoiceId ?? row.stripeInvoiceId,
    paidAt: facts.paidAt,
    chargedMinor: facts.payment === 'paid' ? facts.chargedMinor : null,
    leftMinor: facts.payment === 'paid' ? facts.leftMinor : null,
    refundedMinor: refundedMinor(facts),
    refundPendingMinor: refundPendingMinor(facts),
    disputeStatus: facts.dispute?.status ?? null,
    syncedAt: clock.now(),
  });
}

async function settlePaid(
  deps: PurchaseDeps,
  tenant: Tenant,
  row: CreditPurchase,
  reading: PurchaseReading,
): Promise<CreditPurchase> {
  const { db, clock } = deps;
  if (tenant.deletedAt) {
    await inTransaction(db, (tx) => orderReturn(deps, tx, tenant, row));
    return row;
  }
  const grants = await listGrants(deps, row);
  return repeated(() =>
    inTransaction(db, async (tx) => {
      const done = await applyToCredits(deps, tx, { row, grants }, reading.facts);
      await resolveAlert(tx, PURCHASE_ALERT, row.id, clock.now());
      return done;
    }),
  );
}

const MINUTE_MS = 60_000;
const afterEnd = ({ expiresAt }: CreditPurchase) => new Date(expiresAt.getTime() + MINUTE_MS);

/** When to ask again though nobody tells: soon while money is awaited, rarely while a bank decides. */
function nextLook(row: CreditPurchase, now: Date): Date | null {
  const inMinutes = (minutes: number) => new Date(now.getTime() + minutes * MINUTE_MS);
  if (row.refundAskedAt) return inMinutes(2);
  if (row.refundPendingMinor > 0) return inMinutes(6 * 60);
  if (row.disputeStatus && isDisputeOpen(row.disputeStatus)) return inMinutes(24 * 60);
  if (row.state === 'processing') return inMinutes(30);
  if (row.state !== 'open' && row.state !== 'needs_action') return null;
  return new Date(
    Math.min(inMinutes(10).getTime(), Math.max(afterEnd(row).getTime(), now.getTime() + MINUTE_MS)),
  );
}
