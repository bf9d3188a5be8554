import type { Tx } from '../../../db/client.ts';
import {
  findPaymentByInvoice,
  findPaymentOfCharge,
  upsertRefund,
  writeRefunded,
} from '../../../db/repositories/payment.repository.ts';
import type { StripeEventRow } from '../../../db/schema/index.ts';
import type { ChargeReading } from '../stripe/invoices.ts';
import { subjectOf } from './event-row.ts';

/** The charge that an event is about: refunds and disputes name theirs. */
export function chargeIdOf(event: StripeEventRow): string | undefined {
  if (!/^(charge|refund)\./.test(event.type)) return undefined;
  const subject = subjectOf(event);
  return (subject.object === 'charge' ? subject.id : subject.charge) ?? undefined;
}

const RETURNED = new Set(['succeeded', 'pending', 'requires_action']);

/** Writes what of a charge went back: a row a refund, and the sum on the payment. */
export async function writeCharge(
  tx: Tx,
  tenantId: string,
  { charge, refunds, invoiceId }: ChargeReading,
  now: Date,
): Promise<void> {
  const payment = invoiceId
    ? await findPaymentByInvoice(tx, invoiceId)
    : await findPaymentOfCharge(tx, {
        chargeId: charge.id,
        paymentIntentId: charge.paymentIntentId,
      });
  for (const refund of refunds) {
    await upsertRefund(tx, {
      tenantId,
      paymentId: payment?.id ?? null,
      stripeRefundId: refund.id,
      stripeChargeId: charge.id,
      amountMinor: refund.amountMinor,
      currency: refund.currency,
      status: refund.status,
      reason: refund.reason,
      createdAt: refund.createdAt,
      syncedAt: now,
    });
  }
  if (!payment) return;
  const amountRefundedMinor = refunds
    .filter((one) => RETURNED.has(one.status))
    .reduce((sum, one) => sum + one.amountMinor, 0);
  await writeRefunded(tx, payment.id, { amountRefundedMinor, disputed: charge.disputed });
}
