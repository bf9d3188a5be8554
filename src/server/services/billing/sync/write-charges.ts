import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlert,
  wasToldOf,
} from '../../../../db/repositories/operations/alert.repository.ts';
import {
  findPaymentByInvoice,
  findPaymentOfCharge,
} from '../../../../db/repositories/billing/payments/payment.repository.ts';
import {
  upsertRefund,
  writeDispute,
  writeReturned,
} from '../../../../db/repositories/billing/payments/refund.repository.ts';
import { isDisputeOpen, isDisputeOver } from '../../../../domain/billing/dispute.ts';
import type { ChargeSnapshot, DisputeSnapshot } from '../../stripe/snapshots/charge-snapshot.ts';
import type { CreditNoteSnapshot } from '../../stripe/snapshots/credit-note-snapshot.ts';
import type { Payment } from '../../../../db/schema/index.ts';
import type { ChargeReading } from '../../stripe/charges.ts';
import type { StripeService } from '../../stripe.service.ts';

/**
 * Reads the customer's charges and writes those of which something went back that our rows do not
 * show yet: refunds and disputes are found without their events.
 */
export async function writeReturnedCharges(
  deps: { stripe: StripeService },
  tx: Tx,
  values: { tenantId: string; customerId: string; now: Date },
): Promise<void> {
  const { tenantId, customerId, now } = values;
  for (const charge of await deps.stripe.listCharges(customerId)) {
    if (!(await isNews(tx, charge))) continue;
    const reading = await deps.stripe.findCharge(charge.id);
    if (reading) await writeCharge(tx, tenantId, reading, now);
  }
}

async function isNews(tx: Tx, charge: ChargeSnapshot): Promise<boolean> {
  const { id: chargeId, paymentIntentId, amountRefundedMinor, disputed } = charge;
  if (amountRefundedMinor === 0 && !disputed) return false;
  const payment = await findPaymentOfCharge(tx, { chargeId, paymentIntentId });
  if (!payment) return true;
  const settled = payment.disputeStatus !== null && isDisputeOver(payment.disputeStatus);
  return payment.amountRefundedMinor !== amountRefundedMinor || (disputed && !settled);
}

/**
 * Writes what of a charge went back, or is questioned by the bank: a row a refund, and the sums on
 * the payment. Tells the operator once of what needs a person.
 */
export async function writeCharge(
  tx: Tx,
  tenantId: string,
  { charge, refunds, dispute, invoiceId, notes }: ChargeReading,
  now: Date,
): Promise<void> {
  const payment = invoiceId
    ? await findPaymentByInvoice(tx, invoiceId)
    : await findPaymentOfCharge(tx, {
        chargeId: charge.id,
        paymentIntentId: charge.paymentIntentId,
      });
  for (const refund of refunds) {
    const before = await upsertRefund(tx, {
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
    if (refund.status === 'failed' && before !== 'failed') {
      await notify(tx, tenantId, 'refund.failed', refund.id, now);
    }
  }
  if (dispute && dispute.status !== payment?.disputeStatus) {
    await notifyOfDispute(tx, tenantId, dispute, now);
  }
  if (!payment) return;
  await writeDispute(tx, payment.id, {
    disputeStatus: dispute?.status ?? null,
    disputedMinor: dispute?.amountMinor ?? 0,
  });
  await writeGivenBack(tx, payment, notes, now);
}

/**
 * Writes what of a payment went back in any way. What a credit note gives back beside Stripe is money that is
 * gone, and a row as a refund's; what it puts on the customer's balance pays for what comes next.
 */
export async function writeGivenBack(
  tx: Tx,
  payment: Payment,
  notes: readonly CreditNoteSnapshot[],
  now: Date,
): Promise<void> {
  for (const { id, besideMinor, currency, createdAt } of notes) {
    if (besideMinor === 0) continue;
    await upsertRefund(tx, {
      tenantId: payment.tenantId,
      paymentId: payment.id,
      stripeRefundId: id,
      stripeChargeId: null,
      amountMinor: besideMinor,
      ...{ currency, createdAt, status: 'succeeded', reason: 'out_of_band', syncedAt: now },
    });
  }
  const toBalanceMinor = notes.reduce((sum, one) => sum + one.toBalanceMinor, 0);
  const amountMinor = await writeReturned(tx, payment.id, { toBalanceMinor });
  await notifyOfTooMuch(tx, payment, amountMinor, now);
}

/**
 * Stripe bounds a refund by its charge alone: staff in the dashboard, or a credit note that Stripe took between our
 * reading and our refund, give more back than was paid. That is told once a sum, for it does not become less.
 */
async function notifyOfTooMuch(
  tx: Tx,
  { tenantId, stripeInvoiceId: subjectId, number: invoice, currency }: Payment,
  amountMinor: number,
  now: Date,
): Promise<void> {
  const kind = 'returned_too_much';
  if (amountMinor === 0) return resolveAlert(tx, kind, subjectId, now);
  if (await wasToldOf(tx, { kind, subjectId, amountMinor })) return;
  const message = 'More of an invoice went back than was paid for it.';
  const details = { amountMinor, currency, invoice };
  await raiseAlert(tx, { tenantId, kind, subjectId, message, details, now });
}

async function notifyOfDispute(
  tx: Tx,
  tenantId: string,
  { id, status }: DisputeSnapshot,
  now: Date,
): Promise<void> {
  if (isDisputeOpen(status)) return notify(tx, tenantId, 'charge.dispute.created', id, now);
  await resolveAlert(tx, 'charge.dispute.created', id, now);
  if (status === 'lost') await notify(tx, tenantId, 'dispute_lost', id, now);
}

const MESSAGES = {
  'refund.failed': 'A refund failed; the money is still with us.',
  'charge.dispute.created': 'A customer disputes a charge; answer it at Stripe.',
  dispute_lost:
    'A dispute was lost: the money and the fee are gone. End the subscription if it should not go on.',
} as const;

function notify(
  tx: Tx,
  tenantId: string,
  kind: keyof typeof MESSAGES,
  subjectId: string,
  now: Date,
): Promise<void> {
  return raiseAlert(tx, { tenantId, kind, subjectId, message: MESSAGES[kind], details: {}, now });
}
