import type { Tx } from '../../../../db/client.ts';
import type { Remedy } from '../../../../db/schema/index.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import { writeCharges } from './write-charges.ts';

/** Gives back what was charged for an invoice, once, writes it down and tells the customer. */
export async function refundInvoice(
  deps: SyncDeps,
  tx: Tx,
  remedy: Remedy,
  now: Date,
): Promise<object> {
  const { subjectId: invoiceId, tenantId, cause } = remedy;
  const reason = cause === 'duplicate_subscription' ? 'duplicate' : 'requested_by_customer';
  const done = await deps.stripe.refunds.giveAllBack({ invoiceId, cause, reason });
  await writeCharges(deps, tx, { tenantId, chargeIds: done.chargeIds, now });
  if (done.returnedMinor > 0) {
    await queueMail(tx, tenantId, {
      kind: 'payment_refunded',
      subjectId: invoiceId,
      attempt: 0,
      data: { amountMinor: done.returnedMinor, currency: done.currency ?? '', cause },
      now,
    });
  }
  return { outcome: done.returnedMinor > 0 ? 'refunded' : 'nothing_to_refund', ...done };
}
