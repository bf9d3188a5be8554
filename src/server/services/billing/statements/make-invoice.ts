import {
  listCarried,
  listInvoiceLines,
  updateStatement,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import { foldCredits } from '../../../../domain/billing/statement.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import type { InvoicedStatement } from '../../stripe/invoices/statement-invoice.ts';
import { describeParts } from './line-words.ts';
import type { StatementDeps } from './statement-deps.ts';

/** A statement's invoice is no more what it bills: nothing is charged until a person has looked. */
export const MISMATCH_ALERT = 'statement_mismatch';

/**
 * Makes the statement's invoice, or goes on with `begun`: a draft, its lines, and final when it comes to
 * exactly what the statement does. Otherwise it stays a draft, the statement is held, and an operator is
 * told. Answers the invoice where it is final.
 */
export async function makeInvoice(
  deps: StatementDeps,
  statement: Statement,
  customerId: string,
  begun: InvoiceSnapshot | undefined,
): Promise<InvoiceSnapshot | undefined> {
  const { db, invoices } = deps;
  const invoiced = await readInvoiced(deps, statement);
  const terms = await invoices.readTerms(customerId);
  const footer = `sha256 ${statement.sha256}`;
  const draft = begun ?? (await invoices.create(customerId, invoiced, { footer, terms }));
  const { id } = draft;
  await updateStatement(db, statement.id, { state: 'invoicing', stripeInvoiceId: id });
  await invoices.addLines(draft, invoiced, terms);
  const whole = await invoices.find(id);
  const wantedMinor = statement.amountMinor + statement.carriedInMinor;
  if (whole?.beforeTaxMinor !== wantedMinor || whole.currency !== statement.currency) {
    await hold(deps, statement, { wantedMinor, isMinor: whole?.beforeTaxMinor ?? null });
    return undefined;
  }
  await invoices.finalize(id, statement.id);
  return invoices.find(id);
}

/** With the lines of what is carried in, and what owes the customer something taken off the others. */
async function readInvoiced(
  { db }: StatementDeps,
  statement: Statement,
): Promise<InvoicedStatement> {
  const { id, tenantId, currency, sha256, closedAt } = statement;
  const all = [...(await listCarried(db, statement)), statement];
  const lines = [];
  for (const one of all) lines.push(...(await listInvoiceLines(db, one.id)));
  const whole = foldCredits(lines).map((parts) => ({
    ...parts[0]!,
    amountMinor: parts.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    description: describeParts(parts, currency),
  }));
  return { id, tenantId, currency, sha256, closedAt, lines: whole };
}

async function hold(
  { db, clock }: StatementDeps,
  { id, tenantId, currency }: Statement,
  sums: { wantedMinor: number; isMinor: number | null },
): Promise<void> {
  const now = clock.now();
  await updateStatement(db, id, { heldAt: now });
  await raiseAlert(db, {
    tenantId,
    kind: MISMATCH_ALERT,
    subjectId: id,
    message:
      'The invoice of a statement does not come to what the statement does, and stays a draft: take off at Stripe what is not of it, then npm run statement:release.',
    details: { ...sums, currency },
    now,
  });
}
