import type { Tx } from '../../../../db/client.ts';
import type { Remedy } from '../../../../db/schema/index.ts';
import { errorText } from '../../../log/error-text.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { isRefused } from '../../stripe/client/errors.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';
import type { SumDetails } from './order-sum.ts';
import { writeCharges } from './write-charges.ts';

/** What came of it: how much went back, or `refused` where nothing did, for Stripe said no or nothing was left. */
export type SumOutcome =
  { outcome: 'refunded'; returnedMinor: number } | { outcome: 'refused'; error: string };

/** Gives back what an operator ordered, once, writes it down and tells the customer. */
export async function refundSum(
  deps: SyncDeps,
  tx: Tx,
  remedy: Remedy,
  now: Date,
): Promise<SumOutcome> {
  const { id: sumId, tenantId, subjectId } = remedy;
  const { invoiceId, amountMinor, currency } = remedy.details as SumDetails;
  try {
    const done = await deps.stripe.refunds.giveBack({ invoiceId, amountMinor, sumId });
    await writeCharges(deps, tx, { tenantId, chargeIds: done.chargeIds, now });
    // Credited in the meantime, or refunded by staff.
    if (done.returnedMinor === 0) return { outcome: 'refused', error: 'Nothing was left.' };
    await queueMail(tx, tenantId, {
      ...{ kind: 'payment_refunded', subjectId, attempt: 0, now },
      data: { amountMinor: done.returnedMinor, currency, cause: 'operator' },
    });
    return { outcome: 'refunded', returnedMinor: done.returnedMinor };
  } catch (error) {
    if (!isRefused(error)) throw error;
    deps.log.warn({ err: error, remedy: sumId }, 'Stripe refused to give a sum back');
    return { outcome: 'refused', error: errorText(error) };
  }
}
