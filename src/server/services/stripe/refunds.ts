import type { Stripe } from 'stripe';
import { APP_MARK } from './customers.ts';
import { isRefused } from './client/errors.ts';
import { readCharge, readRefund } from './snapshots/charge-snapshot.ts';
import { idOrNull } from './snapshots/schemas.ts';

export interface InvoiceRefund {
  /** What of the invoice had been paid by charges. */
  paidMinor: number;
  /** What went back now, or had gone back by the same remedy before. */
  returnedMinor: number;
  currency: string | null;
  chargeIds: string[];
}

/**
 * Gives back everything that was charged for an invoice and is not back yet. Asking again gives
 * nothing twice: Stripe never returns more than the charge, and each charge has its own key. What
 * the bank took back by a dispute is left out.
 */
export async function refundInvoice(
  stripe: Stripe,
  values: { invoiceId: string; cause: string; reason: 'duplicate' | 'requested_by_customer' },
): Promise<InvoiceRefund> {
  const { invoiceId, cause, reason } = values;
  const result: InvoiceRefund = { paidMinor: 0, returnedMinor: 0, currency: null, chargeIds: [] };
  for (const chargeId of await chargesOf(stripe, invoiceId)) {
    const charge = readCharge(await stripe.charges.retrieve(chargeId));
    if (!charge.paid) continue;
    result.paidMinor += charge.amountMinor;
    result.currency = charge.currency;
    result.chargeIds.push(charge.id);
    if (charge.disputed) continue;
    if (charge.amountRefundedMinor < charge.amountMinor) {
      const metadata = { app: APP_MARK, invoice: invoiceId, cause };
      await refundOnce(stripe, { charge: charge.id, reason, metadata });
    }
    const { data } = await stripe.refunds.list({ charge: charge.id, limit: 100 });
    result.returnedMinor += data
      .map(readRefund)
      .filter((one) => one.metadata.cause === cause && one.status !== 'failed')
      .reduce((sum, one) => sum + one.amountMinor, 0);
  }
  return result;
}

async function refundOnce(stripe: Stripe, params: Stripe.RefundCreateParams): Promise<void> {
  try {
    await stripe.refunds.create(params, { idempotencyKey: `refund:${params.charge}` });
  } catch (error) {
    // Given back in the meantime, by staff or by the call whose answer was lost.
    if (!isRefused(error)) throw error;
    const { amountMinor, amountRefundedMinor } = readCharge(
      await stripe.charges.retrieve(params.charge ?? ''),
    );
    if (amountRefundedMinor < amountMinor) throw error;
  }
}

async function chargesOf(stripe: Stripe, invoiceId: string): Promise<string[]> {
  const { data } = await stripe.invoicePayments.list({
    invoice: invoiceId,
    status: 'paid',
    limit: 100,
    expand: ['data.payment.payment_intent'],
  });
  return data.flatMap(({ payment }) => {
    const intent = payment.payment_intent;
    const latest = intent && typeof intent !== 'string' ? intent.latest_charge : null;
    return idOrNull.parse(payment.charge ?? latest) ?? [];
  });
}
