import type { Db } from '../../../db/client.ts';
import { listPayments } from '../../../db/repositories/billing/payment.repository.ts';
import { findInvoiceSubjects } from '../../../db/repositories/billing/invoice.repository.ts';
import type { Payment } from '../../../db/schema/index.ts';
import type { PaymentsPage, PaymentView } from '../../../domain/api.ts';
import { disputeOutcome } from '../../../domain/billing/dispute.ts';
import type { PaymentSubject } from '../../../domain/billing/payment-view.ts';
import { BillingError } from '../../../domain/errors.ts';
import { canManageBilling, isUuid } from '../../../domain/ids.ts';
import type { Requester } from './requester.ts';

/** Reads a tenant's invoices. */
export class PaymentService {
  readonly #db: Db;

  constructor(deps: { db: Db }) {
    this.#db = deps.db;
  }

  /** Newest first; `cursor` is the last answer's `nextCursor`. */
  async listPayments(
    requester: Requester,
    options: { limit: number; cursor: string | undefined },
  ): Promise<PaymentsPage> {
    const { limit, cursor } = options;
    const before = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = await listPayments(this.#db, requester.tenantId, { limit: limit + 1, before });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const links = canManageBilling(requester.role);
    const subjects = await findInvoiceSubjects(this.#db, page);
    return {
      payments: page.map((row) =>
        viewPayment(row, links, subjects.get(row.stripeInvoiceId) ?? 'other'),
      ),
      nextCursor: rows.length > limit && last ? Buffer.from(last.id).toString('base64url') : null,
    };
  }
}

/** `links`: whether the reader may have Stripe's addresses, which let anybody who holds them pay. */
function viewPayment(row: Payment, links: boolean, about: PaymentSubject): PaymentView {
  const { failureCode, failureMessage } = row;
  return {
    id: row.id,
    number: row.number,
    status: row.status,
    amountDueMinor: row.amountDueMinor,
    amountPaidMinor: row.amountPaidMinor,
    amountRefundedMinor: row.amountRefundedMinor,
    currency: row.currency,
    about,
    reason: row.reason ?? 'manual',
    periodStart: row.periodStart?.toISOString() ?? null,
    periodEnd: row.periodEnd?.toISOString() ?? null,
    paidAt: row.paidAt?.toISOString() ?? null,
    failure: failureCode ? { code: failureCode, message: failureMessage ?? '' } : null,
    dispute: viewDispute(row),
    hostedInvoiceUrl: links ? row.hostedInvoiceUrl : null,
    invoicePdf: links ? row.invoicePdf : null,
    createdAt: row.createdAt.toISOString(),
  };
}

function viewDispute({ disputeStatus, disputedMinor }: Payment): PaymentView['dispute'] {
  const outcome = disputeStatus === null ? null : disputeOutcome(disputeStatus);
  return outcome && { outcome, amountMinor: disputedMinor };
}

/** The payment that a page ended with. */
function parseCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (isUuid(id)) return id;
  throw new BillingError('invalid_request', 'The cursor is not one that this list answered.');
}
