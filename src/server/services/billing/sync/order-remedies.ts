import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlert,
} from '../../../../db/repositories/operations/alert.repository.ts';
import { insertRemedy } from '../../../../db/repositories/billing/remedy.repository.ts';
import type { Subscription, Tenant } from '../../../../db/schema/index.ts';
import { duplicatesToEnd } from '../../../../domain/billing/duplicates.ts';
import { isLatePayment, type RefundPolicies } from '../../../../domain/billing/remedy.ts';
import { isLive } from '../../../../domain/billing/subscription-status.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';

/**
 * Finds payments for nothing and subscriptions that nobody should pay for, raises an alert about
 * each once, and orders what the policy says. In the sync's transaction.
 */
export async function orderRemedies(
  tx: Tx,
  values: {
    tenant: Tenant;
    rows: readonly Subscription[];
    invoices: readonly InvoiceSnapshot[];
    policies: RefundPolicies;
    now: Date;
  },
): Promise<void> {
  await orderLatePayments(tx, values);
  if (values.tenant.deletedAt) await orderEndsOfDeleted(tx, values);
  else await orderEndsOfDuplicates(tx, values);
}

type Values = Parameters<typeof orderRemedies>[1];

/** Money for a subscription that was over when it came. */
async function orderLatePayments(
  tx: Tx,
  { tenant, rows, invoices, policies, now }: Values,
): Promise<void> {
  for (const invoice of invoices) {
    const row = rows.find((one) => one.stripeSubscriptionId === invoice.subscriptionId);
    if (!row || !isLatePayment(invoice, row.endedAt)) continue;
    const isNew = await insertRemedy(tx, {
      tenantId: tenant.id,
      kind: 'refund_invoice',
      subjectId: invoice.id,
      cause: 'late_payment',
      state: policies.latePayment === 'refund' ? 'open' : 'noted',
      now,
    });
    if (isNew) {
      await raiseAlert(tx, {
        tenantId: tenant.id,
        kind: 'late_payment',
        subjectId: invoice.id,
        message: `Money came for a subscription that was over; ${policies.latePayment === 'refund' ? 'it is given back' : 'give it back, or what it was for'}.`,
        details: {
          ...{ amountMinor: invoice.amountPaidMinor, currency: invoice.currency },
          ...{ late: 'subscription_over', policy: policies.latePayment },
        },
        now,
      });
    }
  }
}

/** Somebody paid after the team was deleted: it ends, and what was paid goes back. */
async function orderEndsOfDeleted(tx: Tx, { tenant, rows, policies, now }: Values): Promise<void> {
  for (const row of rows.filter((one) => isLive(one.stripeStatus))) {
    const isNew = await insertRemedy(tx, {
      tenantId: tenant.id,
      kind: 'end_subscription',
      subjectId: row.stripeSubscriptionId,
      cause: 'late_payment',
      state: 'open',
      details: { since: row.stripeCreatedAt, refund: policies.latePayment === 'refund' },
      now,
    });
    if (!isNew) continue;
    await raiseAlert(tx, {
      tenantId: tenant.id,
      kind: 'late_payment',
      subjectId: row.stripeSubscriptionId,
      message: `A team that was deleted has a subscription; it is ended${policies.latePayment === 'refund' ? ' and refunded' : ', give the money back'}.`,
      details: { late: 'team_deleted', policy: policies.latePayment },
      now,
    });
  }
}

/** A tenant with two live subscriptions pays twice: one ends, and what it cost goes back. */
async function orderEndsOfDuplicates(
  tx: Tx,
  { tenant, rows, policies, now }: Values,
): Promise<void> {
  const kind = 'duplicate_subscription';
  const live = rows.filter((row) => isLive(row.stripeStatus));
  if (live.length < 2) return resolveAlert(tx, kind, tenant.id, now);
  const ends = policies.duplicateSubscription === 'refund' ? duplicatesToEnd(rows) : [];
  const kept = live.filter((row) => !ends.includes(row));
  // Nothing that was paid before the tenant had both is given back.
  const both = Math.max(...kept.map((row) => row.stripeCreatedAt?.getTime() ?? 0));
  for (const row of ends) {
    const since = new Date(Math.max(both, row.stripeCreatedAt?.getTime() ?? 0));
    await insertRemedy(tx, {
      tenantId: tenant.id,
      kind: 'end_subscription',
      subjectId: row.stripeSubscriptionId,
      cause: 'duplicate_subscription',
      state: 'open',
      details: { since, refund: true },
      now,
    });
  }
  await raiseAlert(tx, {
    tenantId: tenant.id,
    kind,
    subjectId: tenant.id,
    message:
      ends.length > 0
        ? `The tenant has ${live.length} live subscriptions; ${ends.length} of them end and are refunded.`
        : `The tenant has ${live.length} live subscriptions and is charged for each.`,
    details: {
      subscriptions: live.map((row) => row.stripeSubscriptionId),
      ending: ends.map((row) => row.stripeSubscriptionId),
    },
    now,
  });
}
