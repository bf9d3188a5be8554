import type { Tx } from '../../../../db/client.ts';
import {
  raiseAlert,
  resolveAlerts,
} from '../../../../db/repositories/operations/alert.repository.ts';
import { insertAuditEntry } from '../../../../db/repositories/operations/audit-log.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
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
 * Writes the audit entry of a statement's new state, the owner's mail when it was paid or a payment failed, and
 * the operators' alert when it was not collected. The outbox has each mail once.
 */
export async function notifyOfChange(tx: Tx, change: Change): Promise<void> {
  const { before, after, now } = change;
  if (after.state === 'failed') await mailFailure(tx, change);
  if (before.state === after.state) return;
  const { id, tenantId, state, currency } = after;
  const amountMinor = after.amountMinor + after.carriedInMinor;
  await insertAuditEntry(tx, {
    tenantId,
    actor: { kind: 'system', task: 'statements' },
    action: `statement.${state}`,
    subjectId: id,
    before: { state: before.state },
    after: { state, amountMinor, currency },
    now,
  });
  if (state === 'paid') {
    await resolveAlerts(tx, ['statement_uncollectible', 'statement_failing'], id, now);
    const data = { amountMinor, currency, period: after.period };
    await queueMail(tx, tenantId, {
      ...{ kind: 'statement_paid', subjectId: id, attempt: 0, data, now },
    });
  }
  if (state !== 'void' && state !== 'uncollectible') return;
  const [kind, message] = ALERTS[state];
  await raiseAlert(tx, {
    ...{ tenantId, kind, subjectId: id, message, now },
    details: { amountMinor, currency, invoice: after.stripeInvoiceId },
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
