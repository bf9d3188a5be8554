import { inTransaction } from '../../../../db/client.ts';
import { updatePurchase } from '../../../../db/repositories/billing/credit-purchase.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import { findAutoTopUp } from '../../../../db/repositories/billing/top-up.repository.ts';
import type { CreditPurchase } from '../../../../db/schema/index.ts';
import { CONFIRM_MS, isAgreed } from '../../../../domain/billing/spending/top-up.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { isRefused } from '../../stripe/client/errors.ts';
import { attemptOf } from '../../stripe/invoices/attempt.ts';
import { savedMethodOf } from '../../stripe/customers.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import { endTopUp, type TopUpEnd } from './end-top-up.ts';
import { judgePurchase } from './judge-purchase.ts';
import type { PurchaseDeps } from './purchase-deps.ts';
import { readTopUpMonth } from './top-up-month.ts';

/** A top-up as it is now, and its invoice where Stripe has one. */
export interface FollowedTopUp {
  row: CreditPurchase;
  invoice: InvoiceSnapshot | undefined;
}

const UNPAID = ['wanted', 'open', 'needs_action', 'processing'];

/**
 * Brings a top-up on: its invoice is found or made, made final and charged once, and what the bank said
 * is followed. In the customer's lock, and from what Stripe has now, so that it may be cut anywhere and
 * called again. Whether it may be charged at all is read just before: who has switched it off has waited
 * for this lock.
 */
export async function followTopUp(
  deps: PurchaseDeps,
  known: CreditPurchase,
): Promise<FollowedTopUp> {
  const { topUps } = deps.stripe;
  const { stripeInvoiceId } = known;
  const invoice = stripeInvoiceId ? await topUps.find(stripeInvoiceId) : await topUps.findOf(known);
  const row = await note(deps, known, invoice);
  if (!UNPAID.includes(row.state) || invoice?.status === 'paid') return { row, invoice };
  if (invoice ? invoice.status === 'void' : stripeInvoiceId !== null) {
    return { row: await endTopUp(deps, row, endOfVoid(row, invoice)), invoice };
  }
  if (invoice?.status === 'open' && attemptOf(invoice) !== 'none') return judge(deps, row, invoice);
  if (!(await mayCharge(deps, row))) return withdraw(deps, row, invoice, { state: 'expired' });
  return charge(deps, row, invoice);
}

/** Makes what is missing of the invoice, and charges it. */
async function charge(
  deps: PurchaseDeps,
  before: CreditPurchase,
  begun: InvoiceSnapshot | undefined,
): Promise<FollowedTopUp> {
  const { stripe } = deps;
  const { topUps } = stripe;
  let row = before;
  let invoice = begun;
  try {
    if (!invoice) {
      const methodId = await findMethod(deps, row);
      if (methodId === null)
        return withdraw(deps, row, undefined, { state: 'failed', pause: 'no_card' });
      invoice = await topUps.create(row, methodId);
      row = await note(deps, row, invoice);
    }
    if (invoice.status === 'draft' && !(await topUps.complete(row, invoice.id))) {
      return await withdraw(deps, row, invoice, { state: 'failed', pause: 'price' });
    }
  } catch (error) {
    if (!isRefused(error)) throw error;
    deps.log.warn({ err: error, purchaseId: row.id }, 'Stripe refused an auto top-up');
    return withdraw(deps, row, invoice, { state: 'failed', pause: 'declined' });
  }
  const open = await topUps.find(invoice.id);
  // What Stripe holds for the customer may have paid it.
  if (open?.status !== 'open') return { row, invoice: open };
  await topUps.pay(row.id, open.id);
  const tried = await topUps.find(open.id);
  return tried?.status === 'open' ? judge(deps, row, tried) : { row, invoice: tried };
}

/** What becomes of one that was tried and is not paid: it waits for its bank or its owner, or it is over. */
async function judge(
  deps: PurchaseDeps,
  row: CreditPurchase,
  invoice: InvoiceSnapshot,
): Promise<FollowedTopUp> {
  const attempt = attemptOf(invoice);
  // Its money may come: it is neither taken back nor tried again, whatever was switched off since.
  if (attempt === 'processing') {
    const waiting = { state: attempt, url: null } as const;
    return { row: await updatePurchase(deps.db, row.id, waiting), invoice };
  }
  const isAsked = row.state === 'needs_action';
  if (isAsked || attempt === 'asks') {
    if (!(await isWanted(deps, row))) return withdraw(deps, row, invoice, { state: 'expired' });
    if (!isAsked) return { row: await askOwner(deps, row, invoice), invoice };
    if (deps.clock.now() < row.expiresAt) return { row, invoice };
    return withdraw(deps, row, invoice, { state: 'expired', pause: 'unconfirmed' });
  }
  return withdraw(deps, row, invoice, { state: 'failed', pause: 'declined' });
}

/** Takes it from Stripe first; one that was paid in the meantime is. */
async function withdraw(
  deps: PurchaseDeps,
  row: CreditPurchase,
  invoice: InvoiceSnapshot | undefined,
  end: TopUpEnd,
): Promise<FollowedTopUp> {
  const { topUps } = deps.stripe;
  if (invoice) await topUps.giveUp(invoice);
  const after = invoice && (await topUps.find(invoice.id));
  if (after?.status === 'paid') return { row, invoice: after };
  const methodId = end.pause ? await methodOf(deps, row, invoice) : null;
  return { row: await endTopUp(deps, row, { ...end, methodId }), invoice: after };
}

/** It was taken from Stripe, by us before we were cut, or by staff. */
function endOfVoid(row: CreditPurchase, invoice: InvoiceSnapshot | undefined): TopUpEnd {
  const methodId = invoice?.paymentMethodId ?? null;
  if (row.state === 'needs_action') return { state: 'expired', pause: 'unconfirmed', methodId };
  return invoice && invoice.attemptCount > 0
    ? { state: 'failed', pause: 'declined', methodId }
    : { state: 'expired' };
}

/** The card that it was for; another one may be saved by now. */
async function methodOf(
  deps: PurchaseDeps,
  row: CreditPurchase,
  invoice: InvoiceSnapshot | undefined,
): Promise<string | null> {
  return invoice ? invoice.paymentMethodId : findMethod(deps, row);
}

async function findMethod({ stripe }: PurchaseDeps, row: CreditPurchase): Promise<string | null> {
  const billing = await stripe.findBilling(row.stripeCustomerId);
  return billing ? savedMethodOf(billing) : null;
}

function note({ db }: PurchaseDeps, row: CreditPurchase, invoice: InvoiceSnapshot | undefined) {
  if (!invoice || row.stripeInvoiceId === invoice.id) return row;
  return updatePurchase(db, row.id, { stripeInvoiceId: invoice.id });
}

/** In time, and still wanted. */
async function mayCharge(deps: PurchaseDeps, row: CreditPurchase): Promise<boolean> {
  return deps.clock.now() < row.expiresAt && (await isWanted(deps, row));
}

/**
 * The team is there, has not switched it off or agreed to something else, and its rule and what it allows a
 * month leave room: both may have been lowered since it was begun, and count it already.
 */
async function isWanted(deps: PurchaseDeps, row: CreditPurchase): Promise<boolean> {
  const { db, clock } = deps;
  const tenant = await findTenantById(db, row.tenantId);
  const agreed = await findAutoTopUp(db, row.tenantId);
  if (!agreed?.enabled || agreed.paused !== null || agreed.packId !== row.packId) return false;
  if (tenant?.deletedAt !== null) return false;
  if (!isAgreed(agreed, { ...row, credits: row.credits + row.bonus })) return false;
  const now = clock.now();
  const { spentMinor, maxMinor } = (await readTopUpMonth(db, row.tenantId, now))!;
  return spentMinor <= maxMinor && (await judgePurchase(deps, row, now)) === undefined;
}

/** The bank wants its owner: one mail with the page, and nothing else for a day. */
function askOwner(
  { db, clock }: PurchaseDeps,
  row: CreditPurchase,
  { hostedInvoiceUrl }: InvoiceSnapshot,
): Promise<CreditPurchase> {
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + CONFIRM_MS);
  return inTransaction(db, async (tx) => {
    const { amountMinor, currency, credits, bonus } = row;
    await queueMail(tx, row.tenantId, {
      kind: 'top_up_confirm',
      subjectId: row.id,
      attempt: 0,
      data: {
        ...{ credits: credits + bonus, amountMinor, currency },
        ...{ confirmUrl: hostedInvoiceUrl, until: expiresAt.toISOString() },
      },
      now,
    });
    return updatePurchase(tx, row.id, { state: 'needs_action', url: hostedInvoiceUrl, expiresAt });
  });
}
