import { insertAuditEntry } from '../../../db/repositories/audit-log.repository.ts';
import { BillingError } from '../../../domain/errors.ts';
import { isInGoodStanding } from '../../../domain/subscription-status.ts';
import { actorOf, changeBilling, syncAfterChange, type Asker, type Billing } from './billing.ts';
import { dropPendingChange, findLive, getLive, releaseOwnSchedule } from './live-subscription.ts';

/**
 * Cancels: at the end of what is paid, or now when asked so. A subscription that is not paid up
 * (past due, unpaid, paused) ends now, and its unpaid invoices are voided, so that nobody is
 * charged after "you cancelled". Cancelling what is cancelled already changes nothing.
 */
export async function cancel(
  billing: Billing,
  asker: Asker,
  options: { immediately: boolean; reason?: string | undefined },
): Promise<void> {
  await changeBilling(billing, asker, async (tx, tenant) => {
    const { stripe } = billing;
    const live = await getLive(billing, tenant);
    const { id, status } = live.snapshot;
    const now = options.immediately || !isInGoodStanding(status);
    if (!now && live.endsAt) return;
    await releaseOwnSchedule(billing, live);
    await dropPendingChange(billing, live);
    if (now) {
      await stripe.cancelSubscription(id, options.reason);
      await stripe.voidOpenInvoices(id);
    } else await stripe.cancelAtPeriodEnd(id, options.reason);
    await insertAuditEntry(tx, {
      tenantId: tenant.id,
      actor: actorOf(asker),
      action: 'subscription.cancel_requested',
      subjectId: id,
      after: { immediately: now, reason: options.reason ?? null },
      requestId: asker.requestId ?? null,
      now: billing.clock.now(),
    });
  });
  await syncAfterChange(billing, asker);
}

/**
 * Takes back what is planned: a cancellation, in whichever form Stripe holds it, else a change at
 * the end of the period. 409 `not_resumable` when nothing is planned or it has happened.
 */
export async function resume(billing: Billing, asker: Asker): Promise<void> {
  await changeBilling(billing, asker, async (_tx, tenant) => {
    const live = await findLive(billing, tenant);
    if (live?.endsAt) {
      await releaseOwnSchedule(billing, live);
      await billing.stripe.clearCancellation(live.snapshot);
      return;
    }
    if (live && (await releaseOwnSchedule(billing, live))) return;
    throw new BillingError(
      'not_resumable',
      live
        ? 'Nothing is planned that could be taken back: the subscription renews.'
        : 'The subscription has ended; choose a plan to begin a new one.',
    );
  });
  await syncAfterChange(billing, asker);
}
