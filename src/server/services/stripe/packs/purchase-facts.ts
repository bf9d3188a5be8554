import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { PurchaseFacts, RefundFacts } from '../../../../domain/billing/purchase.ts';
import { leftToGiveBack } from '../../../../domain/billing/remedy.ts';
import { findDispute, isQuestioned, notedInvoice, type ChargeReading } from '../charges.ts';
import type { CallTimeouts } from '../client/client.ts';
import { createOnce } from '../client/create-once.ts';
import { isMissing } from '../client/errors.ts';
import { APP_MARK } from '../customers.ts';
import { listCreditNotes } from '../invoices/invoices.ts';
import { findRefund } from '../refunds.ts';
import {
  readCharge,
  readRefund,
  type ChargeSnapshot,
  type RefundSnapshot,
} from '../snapshots/charge-snapshot.ts';
import type { CreditNoteSnapshot } from '../snapshots/credit-note-snapshot.ts';
import type { InvoiceSnapshot } from '../snapshots/invoice-snapshot.ts';
import { expanded, toDate } from '../snapshots/schemas.ts';

const intent = z.object({
  id: z.string(),
  status: z.string(),
  latest_charge: z.unknown().transform((charge) => (isObject(charge) ? readCharge(charge) : null)),
});

const session = z.object({
  status: z.enum(['open', 'complete', 'expired']).catch('expired'),
  payment_status: z.string(),
  created: z.number().transform(toDate),
  invoice: notedInvoice,
  payment_intent: expanded(intent),
});

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export interface PurchaseReading {
  facts: PurchaseFacts;
  paymentIntentId: string | null;
  invoiceId: string | null;
  /** The tags of our own refunds, by the refund's id. */
  tags: Map<string, string>;
}

/** In a refund of ours: which asking it answers, and how many µcr it pays back. */
export const REFUND_TAG = 'squaretable_refund';
export const REFUND_MICRO = 'squaretable_micro';

/**
 * Everything that Stripe knows of a purchase now: its session, payment, refunds and dispute. A session
 * that this account does not have can no longer be paid.
 */
export async function readPurchase(
  stripe: Stripe,
  sessionId: string,
  timeouts: CallTimeouts,
): Promise<PurchaseReading> {
  const found = await findSession(stripe, sessionId, timeouts);
  const charge = found?.payment_intent?.latest_charge ?? null;
  if (found && isFree(found)) return freeReading(found);
  const isPaid = found?.payment_status === 'paid' && charge !== null && charge.paid;
  const refunds = isPaid ? await listRefunds(stripe, charge, timeouts) : [];
  const { invoice = null } = found ?? {};
  const notes =
    isPaid && invoice?.isNoted ? await listCreditNotes(stripe, invoice.id, timeouts) : [];
  const dispute = isPaid && charge.disputed ? await findDispute(stripe, charge.id, timeouts) : null;
  const facts: PurchaseFacts = {
    session: found?.status ?? 'expired',
    payment: isPaid ? 'paid' : hasFailed(found) ? 'failed' : 'unpaid',
    chargedMinor: isPaid ? charge.amountMinor : 0,
    leftMinor: isPaid ? leftOf({ charge, dispute, notes, totalMinor: invoice?.totalMinor }) : 0,
    paidAt: isPaid ? charge.createdAt : null,
    refunds: [...refunds.map(refundFacts), ...notes.flatMap(noteFacts)],
    dispute,
  };
  return {
    facts,
    paymentIntentId: found?.payment_intent?.id ?? null,
    invoiceId: invoice?.id ?? null,
    tags: tagsOf(refunds),
  };
}

type Session = z.output<typeof session>;

/** A promotion code took all of the price: there is no payment, and nothing more is to come. */
function isFree({ status, payment_status }: Session): boolean {
  return status === 'complete' && payment_status === 'no_payment_required';
}

function freeReading({ created, invoice }: Session): PurchaseReading {
  return {
    facts: {
      ...{ session: 'complete', payment: 'paid', chargedMinor: 0, leftMinor: 0, paidAt: created },
      ...{ refunds: [], dispute: null },
    },
    ...{ paymentIntentId: null, invoiceId: invoice?.id ?? null, tags: new Map() },
  };
}

/** The same of a purchase that nobody was present at: its invoice, and the charge that paid it. */
export function readingOf(
  invoice: InvoiceSnapshot,
  found: ChargeReading | undefined,
  notes: readonly CreditNoteSnapshot[],
): PurchaseReading {
  const isPaid = invoice.status === 'paid';
  const isOpen = invoice.status === 'open' || invoice.status === 'draft';
  const { refunds = [] } = found ?? {};
  const { totalMinor } = invoice;
  return {
    facts: {
      session: isPaid ? 'complete' : isOpen ? 'open' : 'expired',
      payment: isPaid ? 'paid' : 'unpaid',
      // What Stripe held for the customer may have paid all of it.
      chargedMinor: isPaid ? invoice.amountPaidMinor + invoice.fromBalanceMinor : 0,
      leftMinor: found ? leftOf({ ...found, notes, totalMinor }) : 0,
      // A bank's debit was charged days before its money is there.
      paidAt: isPaid ? (invoice.paidAt ?? found?.charge.createdAt ?? null) : null,
      refunds: [...refunds.map(refundFacts), ...notes.flatMap(noteFacts)],
      dispute: found?.dispute ?? null,
    },
    paymentIntentId: invoice.paymentIntentId,
    invoiceId: invoice.id,
    tags: tagsOf(refunds),
  };
}

/** Where there is no invoice yet, nothing was credited of it. */
function leftOf({
  charge,
  dispute,
  notes,
  totalMinor = charge.amountMinor,
}: Pick<ChargeReading, 'charge' | 'dispute'> & {
  notes: readonly CreditNoteSnapshot[];
  totalMinor: number | undefined;
}): number {
  const charges = [{ ...charge, isQuestioned: isQuestioned(charge, dispute) }];
  return leftToGiveBack({ totalMinor, charges, notes });
}

function tagsOf(refunds: readonly RefundSnapshot[]): Map<string, string> {
  return new Map(
    refunds.flatMap(({ id, metadata }) => {
      const tag = metadata[REFUND_TAG];
      return tag === undefined ? [] : [[id, tag] as const];
    }),
  );
}

async function findSession(
  stripe: Stripe,
  sessionId: string,
  timeouts: CallTimeouts,
): Promise<Session | undefined> {
  const expand = ['payment_intent.latest_charge', 'invoice'];
  try {
    return session.parse(await stripe.checkout.sessions.retrieve(sessionId, { expand }, timeouts));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The order was placed, and the money will not come. */
function hasFailed(found: Session | undefined): boolean {
  const status = found?.payment_intent?.status ?? '';
  return found?.status === 'complete' && ['requires_payment_method', 'canceled'].includes(status);
}

async function listRefunds(
  stripe: Stripe,
  charge: ChargeSnapshot,
  timeouts: CallTimeouts,
): Promise<RefundSnapshot[]> {
  const { data } = await stripe.refunds.list({ charge: charge.id, limit: 100 }, timeouts);
  return data.map(readRefund);
}

function refundFacts(refund: RefundSnapshot): RefundFacts {
  const { id, amountMinor, status, createdAt, metadata } = refund;
  const micro = Number(metadata[REFUND_MICRO]);
  return { id, amountMinor, status, createdAt, micro: Number.isSafeInteger(micro) ? micro : null };
}

/** Money that went back without a refund takes its share of the credits as one does. */
function noteFacts({
  id,
  besideMinor,
  toBalanceMinor,
  createdAt,
}: CreditNoteSnapshot): RefundFacts[] {
  const amountMinor = besideMinor + toBalanceMinor;
  if (amountMinor === 0) return [];
  return [{ id, amountMinor, status: 'succeeded', createdAt, micro: null }];
}

export interface PurchaseRefund {
  environment: string;
  tenantId: string;
  purchaseId: string;
  paymentIntentId: string;
  amountMinor: number;
  /** µcr that it pays back; null: its share of the whole. */
  micro: number | null;
  tag: string;
}

/** Gives back a part of what a purchase cost; the same tag gives it once. */
export async function refundPurchase(
  stripe: Stripe,
  values: PurchaseRefund,
  timeouts: CallTimeouts,
): Promise<void> {
  const { environment, tenantId, purchaseId, paymentIntentId, amountMinor, micro, tag } = values;
  const metadata = {
    ...{ app: APP_MARK, env: environment, tenantId, purchaseId },
    [REFUND_TAG]: tag,
    ...(micro === null ? {} : { [REFUND_MICRO]: String(micro) }),
  };
  const params: Stripe.RefundCreateParams = {
    payment_intent: paymentIntentId,
    amount: amountMinor,
    reason: 'requested_by_customer',
    metadata,
  };
  await createOnce({
    idempotencyKey: `purchase-refund:${tag}`,
    create: async (options) =>
      readRefund(await stripe.refunds.create(params, { ...timeouts, ...options })),
    find: () =>
      findRefund(stripe, { payment_intent: paymentIntentId }, (tags) => tags[REFUND_TAG] === tag),
  });
}
