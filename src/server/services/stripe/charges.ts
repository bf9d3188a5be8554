import type { Stripe } from 'stripe';
import {
  readCharge,
  readDispute,
  readRefund,
  type ChargeSnapshot,
  type DisputeSnapshot,
  type RefundSnapshot,
} from './snapshots/charge-snapshot.ts';
import type { Patience } from './client/client.ts';
import { isMissing } from './client/errors.ts';

export interface ChargeReading {
  charge: ChargeSnapshot;
  refunds: RefundSnapshot[];
  /** The newest dispute over it. */
  dispute: DisputeSnapshot | null;
  /** The invoice that the charge paid, if it paid one. */
  invoiceId: string | null;
}

/**
 * A charge with its refunds, its dispute and its invoice; charges name no invoice since
 * 2025-03-31.basil.
 */
export async function findCharge(
  stripe: Stripe,
  chargeId: string,
  patience: Patience,
): Promise<ChargeReading | undefined> {
  try {
    const charge = readCharge(await stripe.charges.retrieve(chargeId, {}, patience));
    const refunds = await stripe.refunds.list({ charge: chargeId, limit: 100 }, patience);
    return {
      charge,
      refunds: refunds.data.map(readRefund),
      dispute: charge.disputed ? await findDispute(stripe, chargeId, patience) : null,
      invoiceId: await findInvoiceOf(stripe, charge, patience),
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The customer's newest charges, at most 100. */
export async function listCharges(
  stripe: Stripe,
  customerId: string,
  patience: Patience,
): Promise<ChargeSnapshot[]> {
  const { data } = await stripe.charges.list({ customer: customerId, limit: 100 }, patience);
  return data.map(readCharge);
}

async function findDispute(
  stripe: Stripe,
  chargeId: string,
  patience: Patience,
): Promise<DisputeSnapshot | null> {
  const { data } = await stripe.disputes.list({ charge: chargeId, limit: 1 }, patience);
  return data[0] ? readDispute(data[0]) : null;
}

async function findInvoiceOf(
  stripe: Stripe,
  { paymentIntentId }: ChargeSnapshot,
  patience: Patience,
): Promise<string | null> {
  if (!paymentIntentId) return null;
  const { data } = await stripe.invoicePayments.list(
    { payment: { type: 'payment_intent', payment_intent: paymentIntentId }, limit: 1 },
    patience,
  );
  const invoice = data[0]?.invoice;
  return typeof invoice === 'string' ? invoice : (invoice?.id ?? null);
}
