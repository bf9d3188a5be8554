import type { Tx } from '../../../../db/client.ts';
import { findEndCauses } from '../../../../db/repositories/billing/remedy.repository.ts';
import { withdrawMails } from '../../../../db/repositories/mail-outbox.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import { periodOf } from '../../../../domain/period.ts';
import { monthLimits } from '../../../../domain/billing/plan-share.ts';
import type { PlanCatalogue } from '../../plans/plan-catalogue.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { shareOfRow } from '../../plans/growth.ts';
import type { Transition } from './transitions.ts';

/**
 * Acknowledges a cancellation to the owner. One mail a request: an end that was planned, and
 * acknowledged then, comes without another, because Stripe keeps the time of the request. What was taken
 * back before its mail was sent is told of no more: nobody reads that nothing more will be charged who is.
 */
export async function notifyOfTransition(
  tx: Tx,
  tenant: Pick<Tenant, 'id'>,
  action: Transition['action'],
  row: Subscription,
  reason: string | null,
  now: Date,
): Promise<void> {
  const subjectsFrom = `${row.stripeSubscriptionId}:`;
  if (action === 'subscription.resumed') {
    await withdrawMails(tx, { tenantId: tenant.id, kind: 'cancellation', subjectsFrom });
  }
  const ended = action === 'subscription.ended';
  if (!ended && action !== 'subscription.cancellation_scheduled') return;
  // What we ended ourselves has a mail of its own.
  if (ended && (await findEndCauses(tx, [row.stripeSubscriptionId])).size > 0) return;
  // A first payment that never came is no cancellation.
  if (row.stripeStatus === 'incomplete_expired') return;
  const asked = row.canceledAt ?? row.endedAt ?? now;
  await queueMail(tx, tenant.id, {
    kind: 'cancellation',
    subjectId: `${subjectsFrom}${asked.getTime() / 1000}`,
    attempt: 0,
    data: {
      plan: row.plan,
      endsAt: (row.endedAt ?? row.cancelAt ?? now).toISOString(),
      ended,
      unpaid: reason === 'payment_failed',
    },
    now,
  });
}

/** Says, once a raise, which part of the higher limits is there until a whole period is paid. */
export async function notifyOfPartLimits(
  plans: PlanCatalogue,
  tx: Tx,
  tenant: Pick<Tenant, 'id'>,
  before: Subscription | undefined,
  row: Subscription,
  now: Date,
): Promise<void> {
  const { raisedAt: from, raisedUntil: until } = row;
  const share = await shareOfRow(plans, row);
  if (!share || !from || !until || before?.raisedFrom) return;
  const plan = await plans.get(row.plan, row.planVersion);
  const last = new Date(until.getTime() - 1);
  const periods = [...new Set([periodOf(from), periodOf(last)])];
  await queueMail(tx, tenant.id, {
    kind: 'plan_growing',
    subjectId: `${row.stripeSubscriptionId}:${from.getTime() / 1000}`,
    attempt: 0,
    data: {
      plan: row.plan,
      months: periods.map((period) => ({
        period,
        limits: monthLimits(plan, share, period),
      })),
      whole: plan.limits,
      wholeAt: until.toISOString(),
    },
    now,
  });
}
