import { z } from 'zod';
import type { Tx } from '../../../../db/client.ts';
import { insertRemedy } from '../../../../db/repositories/billing/remedy.repository.ts';
import { SubscriptionRepository } from '../../../../db/repositories/subscription.repository.ts';
import type { Remedy } from '../../../../db/schema/index.ts';
import { duplicatesToEnd } from '../../../../domain/billing/duplicates.ts';
import type { RemedyCause } from '../../../../domain/billing/remedy.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import type { SyncDeps } from '../sync/sync-deps.ts';

const details = z.object({
  since: z.coerce.date().nullish(),
  refund: z.boolean().default(false),
});

const COMMENTS: Record<RemedyCause, string> = {
  late_payment: 'Ended by us: the account had been deleted.',
  duplicate_subscription: 'Ended by us: the customer has another subscription.',
  trial_used: 'Ended by us: the card had a free trial before.',
};

/**
 * Ends a subscription that nobody should pay for: at once, its open invoices voided. What was paid
 * for it since it was one too many is ordered back. Can be cut anywhere and called again.
 */
export async function endSubscription(
  deps: SyncDeps,
  tx: Tx,
  remedy: Remedy,
  now: Date,
): Promise<object> {
  const { stripe } = deps;
  const { subjectId: subscriptionId, tenantId } = remedy;
  const cause = remedy.cause as RemedyCause;
  const { since, refund } = details.parse(remedy.details);
  if (cause === 'duplicate_subscription' && !(await isStillOneTooMany(tx, remedy))) {
    return { outcome: 'not_needed' };
  }
  await stripe.cancelSubscription(subscriptionId, COMMENTS[cause]);
  const unpaid = await stripe.findOpenInvoices(await customerOf(tx, remedy));
  for (const one of unpaid) {
    const isIts = one.subscriptionId === subscriptionId && one.amountPaidMinor === 0;
    if (isIts) await stripe.voidInvoice(one.id);
  }
  const paid = refund ? await stripe.listPaidInvoices(subscriptionId) : [];
  for (const invoice of paid) {
    if (invoice.amountPaidMinor <= 0 || (since && invoice.paidAt && invoice.paidAt < since))
      continue;
    await insertRemedy(tx, {
      tenantId,
      kind: 'refund_invoice',
      subjectId: invoice.id,
      cause,
      state: 'open',
      now,
    });
  }
  if (cause === 'trial_used') await notifyOfTrial(tx, remedy, now);
  return { outcome: 'ended' };
}

/**
 * The other one may have ended while this waited: then this is the one that stays. One that is over
 * already was ended by the call whose answer was lost, and what it cost is still owed.
 */
async function isStillOneTooMany(tx: Tx, { tenantId, subjectId }: Remedy): Promise<boolean> {
  const rows = await new SubscriptionRepository(tx).findByTenantId(tenantId);
  const row = rows.find((one) => one.stripeSubscriptionId === subjectId);
  if (row && !isLive(row.stripeStatus)) return true;
  return duplicatesToEnd(rows).some((one) => one.stripeSubscriptionId === subjectId);
}

async function customerOf(tx: Tx, remedy: Remedy): Promise<string> {
  const row = await new SubscriptionRepository(tx).findByStripeSubscriptionId(remedy.subjectId);
  if (!row) throw new Error(`There is no subscription ${remedy.subjectId}.`);
  return row.stripeCustomerId;
}

async function notifyOfTrial(tx: Tx, remedy: Remedy, now: Date): Promise<void> {
  const row = await new SubscriptionRepository(tx).findByStripeSubscriptionId(remedy.subjectId);
  await queueMail(tx, remedy.tenantId, {
    kind: 'trial_refused',
    subjectId: remedy.subjectId,
    attempt: 0,
    data: { plan: row?.plan ?? 'pro' },
    now,
  });
}
