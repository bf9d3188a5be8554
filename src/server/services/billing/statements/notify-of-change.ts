import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlerts,
} from '../../../../db/repositories/operations/alert.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import type { AlertKind } from '../../../../domain/alerts.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';

interface Change {
  before: Statement;
  after: Statement;
  invoice: InvoiceSnapshot | undefined;
  now: Date;
}

const ALERTS = {
  void: [
    'statement_void',
    'The invoice of a statement was voided or wholly credited at Stripe: what it billed is never billed again.',
  ],
  uncollectible: [
    'statement_uncollectible',
    'A statement could not be collected; the team’s overage is off until it agrees anew.',
  ],
} as const;

/**
 * What an operator was told and is over now: not that it is void, which somebody has to have seen, nor that its
 * invoice is another sum, where staff made it final all the same.
 */
function alertsOver({ after, invoice }: Change): AlertKind[] {
  const over: AlertKind[] = after.state === 'uncollectible' ? [] : ['statement_uncollectible'];
  const isWanted = ['open', 'failed', 'paid', 'uncollectible'].includes(after.state);
  const isAsBilled = invoice?.beforeTaxMinor === after.amountMinor + after.carriedInMinor;
  return isWanted && !isAsBilled ? over : [...over, 'statement_mismatch'];
}

/** Writes what a statement has become into the audit log; `before` is null for one that was closed so. */
export async function auditState(
  tx: Tx,
  { before, after, now }: { before: StatementState | null; after: Statement; now: Date },
): Promise<void> {
  const { id, tenantId, state, currency } = after;
  await insertAuditEntry(tx, {
    tenantId,
    actor: { kind: 'system', task: 'statements' },
    action: `statement.${state}`,
    subjectId: id,
    ...(before && { before: { state: before } }),
    after: { state, amountMinor: after.amountMinor + after.carriedInMinor, currency },
    now,
  });
}

/**
 * Writes the audit entry of a statement's new state, the owner's mail when it was paid, a payment failed or it was
 * given up, and the operators' alert when it was not collected; closes those that are over. The outbox has each mail once.
 */
export async function notifyOfChange(tx: Tx, change: Change): Promise<void> {
  const { before, after, now } = change;
  if (after.state === 'failed') await mailFailure(tx, change);
  if (before.state === after.state) return;
  const { id, tenantId, state, currency } = after;
  const amountMinor = after.amountMinor + after.carriedInMinor;
  await auditState(tx, { before: before.state, after, now });
  await resolveAlerts(tx, alertsOver(change), id, now);
  if (state === 'paid') await mailPaid(tx, change);
  if (state === 'uncollectible') await mailUncollectible(tx, change);
  if (state !== 'void' && state !== 'uncollectible') return;
  const [kind, message] = ALERTS[state];
  await raiseAlert(tx, {
    ...{ tenantId, kind, subjectId: id, message, now },
    details: { amountMinor, currency, invoice: after.stripeInvoiceId },
  });
}

/** What the invoice came to when it was paid: with tax, without what was credited before. */
async function mailPaid(tx: Tx, { after, invoice, now }: Change): Promise<void> {
  const amountMinor = invoice
    ? invoice.totalMinor - (invoice.notedMinor - invoice.creditedMinor)
    : after.amountMinor + after.carriedInMinor;
  const data = { amountMinor, currency: after.currency, period: after.period };
  await queueMail(tx, after.tenantId, {
    ...{ kind: 'statement_paid', subjectId: after.id, attempt: 0, data, now },
  });
}

/** Nobody is asked to pay to a customer who is gone at Stripe. */
async function mailUncollectible(tx: Tx, { after, invoice, now }: Change): Promise<void> {
  const data = {
    amountMinor: invoice?.amountRemainingMinor ?? after.amountMinor + after.carriedInMinor,
    ...{ currency: after.currency, period: after.period },
    payUrl: invoice?.status === 'uncollectible' ? invoice.hostedInvoiceUrl : null,
  };
  await queueMail(tx, after.tenantId, {
    ...{ kind: 'statement_uncollectible', subjectId: after.id, attempt: 0, data, now },
  });
}

/** Once an attempt; a bank that wants a confirmation has declined nothing. */
async function mailFailure(tx: Tx, { after, invoice, now }: Change): Promise<void> {
  if (!invoice) return;
  await queueMail(tx, after.tenantId, {
    kind: 'statement_failed',
    subjectId: after.id,
    attempt: invoice.attemptCount,
    data: {
      amountMinor: invoice.amountRemainingMinor,
      currency: after.currency,
      period: after.period,
      actionRequired: invoice.requiresAction,
      payUrl: invoice.hostedInvoiceUrl,
    },
    now,
  });
}
