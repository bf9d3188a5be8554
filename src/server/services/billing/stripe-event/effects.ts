import { z } from 'zod';
import type { Tx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import { closeCheckout } from '../../../../db/repositories/billing/checkout-session.repository.ts';
import type { StripeEventRow } from '../../../../db/schema/index.ts';
import { graceEndsAt } from '../../../../domain/billing/subscription-access.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import type { SubscribedEvent } from '../../stripe/event-types.ts';
import type { SyncResult } from '../sync/sync-customer.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { subjectOf } from './event-row.ts';

type Synced = Extract<SyncResult, { outcome: 'synced' }>;

/**
 * What an event means beyond "look again": a session that is over, a mail, an alert. Idempotent by
 * natural keys, and judged by the present state: a failure that was paid since is told to nobody.
 */
export async function applyEffects(
  tx: Tx,
  event: StripeEventRow & { type: SubscribedEvent },
  synced: Synced,
  { now, graceDays }: { now: Date; graceDays: number },
): Promise<void> {
  switch (event.type) {
    case 'checkout.session.completed':
      return closeCheckout(tx, event.objectId ?? '', 'complete', now);
    case 'checkout.session.expired':
      return closeCheckout(tx, event.objectId ?? '', 'expired', now);
    case 'invoice.payment_failed':
    case 'invoice.payment_action_required':
      return notifyOfFailure(tx, event, synced, { now, graceDays });
    case 'customer.subscription.trial_will_end':
      return notifyOfTrialEnd(tx, event, synced, now);
    case 'invoice.finalization_failed':
      return notifyOfFinalization(tx, event, synced, now);
    default:
      return undefined;
  }
}

const attempt = z.looseObject({ attempt_count: z.number().int().nonnegative() });

async function notifyOfFailure(
  tx: Tx,
  event: StripeEventRow,
  { tenant, rows, invoices }: Synced,
  { now, graceDays }: { now: Date; graceDays: number },
): Promise<void> {
  const invoice = invoices.find((one) => one.id === event.objectId);
  if (!invoice || !needsMail(invoice) || tenant.deletedAt) return;
  const row = rows.find((one) => one.stripeSubscriptionId === invoice.subscriptionId);
  if (!row || row.status === 'canceled') return;
  const ends = row.pastDueSince && graceEndsAt(row.pastDueSince, graceDays, row);
  await queueMail(tx, tenant.id, {
    kind: 'payment_failed',
    subjectId: invoice.id,
    // Two events of one attempt, failed and action required, are one mail.
    attempt: attempt.parse(subjectOf(event)).attempt_count,
    data: {
      number: invoice.number,
      amountMinor: invoice.amountRemainingMinor,
      currency: invoice.currency,
      nextAttemptAt: invoice.nextAttemptAt?.toISOString() ?? null,
      actionRequired: invoice.requiresAction,
      payUrl: invoice.hostedInvoiceUrl,
      graceEndsAt: ends && ends.toISOString(),
      graceIsOver: ends !== null && ends <= now,
    },
    now,
  });
}

/** While the customer is still at the till, the page tells, not a mail. */
function needsMail({ status, reason }: InvoiceSnapshot): boolean {
  return status === 'open' && reason !== 'subscription_create';
}

async function notifyOfTrialEnd(
  tx: Tx,
  event: StripeEventRow,
  { tenant, rows }: Synced,
  now: Date,
): Promise<void> {
  const row = rows.find((one) => one.stripeSubscriptionId === event.objectId);
  if (row?.stripeStatus !== 'trialing' || !row.trialEnd || row.cancelAt || tenant.deletedAt) return;
  await queueMail(tx, tenant.id, {
    kind: 'trial_will_end',
    subjectId: row.stripeSubscriptionId,
    attempt: 0,
    data: { plan: row.plan, trialEnd: row.trialEnd.toISOString() },
    now,
  });
}

function notifyOfFinalization(
  tx: Tx,
  event: StripeEventRow,
  { tenant }: Synced,
  now: Date,
): Promise<void> {
  return raiseAlert(tx, {
    tenantId: tenant.id,
    kind: 'invoice.finalization_failed',
    subjectId: event.objectId ?? event.id,
    message: 'Stripe could not finalize an invoice.',
    details: { eventId: event.id },
    now,
  });
}
