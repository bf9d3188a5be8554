import type { ListedStatement } from '../../../../db/repositories/billing/statements/statement.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementDetailView, StatementView } from '../../../../domain/billing/statement.ts';
import { plainPrice, type DetailedLine } from '../../../../domain/billing/statement.ts';
import type { ProofHead } from './proof.ts';

/** A statement as owners and admins see it. */
export function viewStatement(row: ListedStatement): StatementView {
  const isPayable = ['open', 'failed', 'uncollectible'].includes(row.state);
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    period: row.period,
    currency: row.currency,
    amountMinor: row.amountMinor,
    carriedInMinor: row.carriedInMinor,
    totalMinor: row.amountMinor + row.carriedInMinor,
    refundedMinor: row.refundedMinor,
    seqFrom: row.seqFrom,
    seqTo: row.seqTo,
    sha256: row.sha256,
    closedAt: row.closedAt.toISOString(),
    settledAt: row.settledAt?.toISOString() ?? null,
    invoice:
      row.invoiceNumber === null ? null : { number: row.invoiceNumber, url: row.hostedInvoiceUrl },
    payUrl: isPayable ? row.hostedInvoiceUrl : null,
    actionRequired: row.actionRequired,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  };
}

/** With its lines. */
export function viewDetail(
  row: ListedStatement,
  lines: readonly DetailedLine[],
): StatementDetailView {
  return {
    ...viewStatement(row),
    previousSha256: row.previousSha256 || null,
    lines: lines.map((line) => ({ ...line, minorPerCredit: plainPrice(line.minorPerCredit) })),
  };
}

export function headOf(row: Statement): ProofHead {
  const { id, tenantId, closedAt, ...rest } = row;
  return { ...rest, statement: id, team: tenantId, closedAt: closedAt.toISOString() };
}
