import type { Stripe } from 'stripe';
import { z } from 'zod';
import { isDisputeOver } from '../../../domain/billing/dispute.ts';
import {
  readCharge,
  readDispute,
  readRefund,
  type ChargeSnapshot,
  type DisputeSnapshot,
  type RefundSnapshot,
} from './snapshots/charge-snapshot.ts';
import { SYNC_TIMEOUTS, type CallTimeouts } from './client/client.ts';
import { isMissing } from './client/errors.ts';
import { listCreditNotes } from './invoices/invoices.ts';
import type { CreditNoteSnapshot } from './snapshots/credit-note-snapshot.ts';
import { expanded } from './snapshots/schemas.ts';

export interface ChargeReading {
  charge: ChargeSnapshot;
  refunds: RefundSnapshot[];
  /** The newest dispute over it. */
  dispute: DisputeSnapshot | null;
  /** The invoice that the charge paid, if it paid one. */
  invoiceId: string | null;
  /** What of that went back without a refund. */
  notes: CreditNoteSnapshot[];
}

/**
 * A charge with its refunds, its dispute and its invoice; charges name no invoice since
 * 2025-03-31.basil.
 */
export async function findCharge(
  stripe: Stripe,
  chargeId: string,
  timeouts: CallTimeouts,
): Promise<ChargeReading | undefined> {
  try {
    const charge = readCharge(await stripe.charges.retrieve(chargeId, {}, timeouts));
    const refunds = await stripe.refunds.list({ charge: chargeId, limit: 100 }, timeouts);
    const invoice = await findInvoiceOf(stripe, charge, timeouts);
    return {
      charge,
      refunds: refunds.data.map(readRefund),
      dispute: charge.disputed ? await findDispute(stripe, chargeId, timeouts) : null,
      invoiceId: invoice?.id ?? null,
      notes: invoice?.isNoted ? await listCreditNotes(stripe, invoice.id, timeouts) : [],
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A charge with its refunds, and whether the bank is questioned about it, or has taken it back. */
export type ChargeReturn = ChargeSnapshot & { refunds: RefundSnapshot[]; isQuestioned: boolean };

export async function readChargeReturn(
  stripe: Stripe,
  chargeId: string,
  timeouts: CallTimeouts = SYNC_TIMEOUTS,
): Promise<ChargeReturn> {
  const charge = readCharge(await stripe.charges.retrieve(chargeId, {}, timeouts));
  const { data } = await stripe.refunds.list({ charge: chargeId, limit: 100 }, timeouts);
  const dispute = charge.disputed ? await findDispute(stripe, chargeId, timeouts) : null;
  return { ...charge, refunds: data.map(readRefund), isQuestioned: isQuestioned(charge, dispute) };
}

/** A charge stays disputed at Stripe when the dispute was won, and can be refunded then. */
export function isQuestioned(
  { disputed }: Pick<ChargeSnapshot, 'disputed'>,
  dispute: Pick<DisputeSnapshot, 'status'> | null,
): boolean {
  return disputed && (dispute === null || !isDisputeOver(dispute.status));
}

/** The customer's newest charges, at most 100. */
export async function listCharges(
  stripe: Stripe,
  customerId: string,
  timeouts: CallTimeouts,
): Promise<ChargeSnapshot[]> {
  const { data } = await stripe.charges.list({ customer: customerId, limit: 100 }, timeouts);
  return data.map(readCharge);
}

export async function findDispute(
  stripe: Stripe,
  chargeId: string,
  timeouts: CallTimeouts,
): Promise<DisputeSnapshot | null> {
  const { data } = await stripe.disputes.list({ charge: chargeId, limit: 1 }, timeouts);
  return data[0] ? readDispute(data[0]) : null;
}

/** An invoice that is expanded: its total, and whether credit notes gave something back after it was paid. */
export const notedInvoice = expanded(
  z
    .object({
      id: z.string(),
      total: z.number().int(),
      post_payment_credit_notes_amount: z.number().int().default(0),
    })
    .transform(({ id, total, post_payment_credit_notes_amount: back }) => ({
      ...{ id, totalMinor: total, isNoted: back > 0 },
    })),
);

async function findInvoiceOf(
  stripe: Stripe,
  { paymentIntentId }: ChargeSnapshot,
  timeouts: CallTimeouts,
): Promise<z.output<typeof notedInvoice>> {
  if (!paymentIntentId) return null;
  const { data } = await stripe.invoicePayments.list(
    {
      payment: { type: 'payment_intent', payment_intent: paymentIntentId },
      limit: 1,
      expand: ['data.invoice'],
    },
    timeouts,
  );
  return notedInvoice.parse(data[0]?.invoice);
}
