import type { Db } from '../../../../db/client.ts';
import {
  listStatementsOf,
  listTenantsWithStatements,
} from '../../../../db/repositories/billing/statements/statement-verification.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import { isMissing, isStripeUnavailable } from '../../stripe/client/errors.ts';
import type { MarkedInvoice } from '../../stripe/invoices/statement-invoice.ts';
import type { StatementInvoices } from '../../stripe/invoices/statement-invoices.ts';

/**
 * What Stripe has of a statement and ought to have. `invoice_missing`: no invoice bills it, though one is due.
 * `invoice_extra`: more bill it than are due. `invoice_amount`: its total before tax is another.
 * `invoice_hash`: its metadata name another statement, or another hash.
 */
export interface InvoiceDifference {
  fault: 'invoice_missing' | 'invoice_extra' | 'invoice_amount' | 'invoice_hash';
  tenantId: string;
  statementId: string;
  stands: string;
  ought: string;
}

/** Whose invoices could not be read: Stripe did not answer, or does not know the customer. */
export interface UnaskedCustomer {
  customerId: string;
  tenantId: string;
  statements: number;
  why: 'away' | 'unknown';
}

export interface InvoiceVerdict {
  /** Statements that were compared. */
  asked: number;
  differences: InvoiceDifference[];
  unasked: UnaskedCustomer[];
}

export interface InvoiceVerification {
  db: Db;
  invoices: Pick<StatementInvoices, 'listMarked'>;
  /** Comes before each call to Stripe, so that these leave room for others. */
  rest: () => Promise<void>;
  /** Told after each team: how many of them were looked at, and how many there are. */
  progress: (done: number, all: number) => void;
}

/** After so many customers in a row without an answer Stripe is away: nobody else is asked for. */
const AWAY_IN_A_ROW = 3;

/** Compares every statement with the invoices that its customer has at Stripe, one customer after the other. */
export async function verifyInvoices(deps: InvoiceVerification): Promise<InvoiceVerdict> {
  const verdict: InvoiceVerdict = { asked: 0, differences: [], unasked: [] };
  const tenants = await listTenantsWithStatements(deps.db);
  let unanswered = 0;
  for (const [n, tenantId] of tenants.entries()) {
    for (const [customerId, statements] of await readByCustomer(deps.db, tenantId)) {
      const { length } = statements;
      const found =
        unanswered < AWAY_IN_A_ROW
          ? await askTwice(deps, { tenantId, customerId }, statements)
          : 'away';
      unanswered = found === 'away' ? unanswered + 1 : 0;
      if (found === 'away' || found === 'unknown') {
        verdict.unasked.push({ customerId, tenantId, statements: length, why: found });
        continue;
      }
      verdict.asked += length;
      verdict.differences.push(...found);
    }
    deps.progress(n + 1, tenants.length);
  }
  return verdict;
}

/** The tenant's statements by the customer that they are invoiced to; those of nobody are at no Stripe. */
async function readByCustomer(db: Db, tenantId: string): Promise<Map<string, Statement[]>> {
  const present = (await findTenantById(db, tenantId))?.stripeCustomerId;
  const all = await listStatementsOf(db, tenantId);
  const billed = all.filter((one) => one.stripeCustomerId ?? present);
  return Map.groupBy(billed, (one) => (one.stripeCustomerId ?? present)!);
}

/** What differs is looked at once more: a statement may have been invoiced, or paid, between two reads. */
async function askTwice(
  deps: InvoiceVerification,
  { tenantId, customerId }: { tenantId: string; customerId: string },
  statements: readonly Statement[],
): Promise<InvoiceDifference[] | 'away' | 'unknown'> {
  try {
    const found = await ask(deps, customerId, statements);
    if (found.length === 0) return found;
    const now = await readByCustomer(deps.db, tenantId);
    return await ask(deps, customerId, now.get(customerId) ?? []);
  } catch (error) {
    if (isMissing(error)) return 'unknown';
    if (isStripeUnavailable(error)) return 'away';
    throw error;
  }
}

async function ask(
  { invoices, rest }: InvoiceVerification,
  customerId: string,
  statements: readonly Statement[],
): Promise<InvoiceDifference[]> {
  const since = new Date(Math.min(...statements.map(({ closedAt }) => closedAt.getTime())));
  const listed = await invoices.listMarked(customerId, { since, rest });
  return statements.flatMap((one) => compare(one, listed));
}

/** How many invoices bill a statement in each state; voided ones do not. */
const DUE: Record<StatementState, { least: 0 | 1; most: 0 | 1 }> = {
  // Its invoice may be in the making.
  closed: { least: 0, most: 1 },
  carried: { least: 0, most: 0 },
  invoicing: { least: 1, most: 1 },
  open: { least: 1, most: 1 },
  paid: { least: 1, most: 1 },
  failed: { least: 1, most: 1 },
  // None where the customer was gone before it was made.
  uncollectible: { least: 0, most: 1 },
  void: { least: 0, most: 0 },
  written_off: { least: 0, most: 0 },
};

/** What Stripe has of one statement, and ought to have. Exported for its table of cases. */
export function compare(
  statement: Statement,
  listed: readonly MarkedInvoice[],
): InvoiceDifference[] {
  const { id, tenantId, state, stripeInvoiceId, sha256, currency } = statement;
  const differs = (fault: InvoiceDifference['fault'], stands: string, ought: string) => ({
    ...{ fault, tenantId, statementId: id, stands, ought },
  });
  const billing = listed.filter(
    (one) => (one.statementId === id || one.id === stripeInvoiceId) && isBilling(one),
  );
  const own = billing.find((one) => one.id === stripeInvoiceId) ?? billing[0];
  const { least, most } = DUE[state];
  const isDue = least === 1 || (state === 'uncollectible' && stripeInvoiceId !== null);
  if (!own) {
    return isDue ? [differs('invoice_missing', 'none', stripeInvoiceId ?? 'one')] : [];
  }
  if (most === 0) return [differs('invoice_extra', idsOf(billing), 'none')];
  const found: InvoiceDifference[] = [];
  if (billing.length > most) found.push(differs('invoice_extra', idsOf(billing), own.id));
  const oughtMinor = statement.amountMinor + statement.carriedInMinor;
  // A draft may lack lines yet: it is not made final unless it comes to what the statement does.
  const isFinal = own.status !== 'draft';
  if (isFinal && (own.beforeTaxMinor !== oughtMinor || own.currency !== currency)) {
    const stands = `${own.id} ${own.beforeTaxMinor} ${own.currency}`;
    found.push(differs('invoice_amount', stands, `${oughtMinor} ${currency}`));
  }
  if (own.statementId !== id || own.sha256 !== sha256) {
    const stands = `${own.id} ${own.statementId ?? 'none'} ${own.sha256 ?? 'none'}`;
    found.push(differs('invoice_hash', stands, `${id} ${sha256}`));
  }
  return found;
}

/** Neither voided, nor credited wholly before it was paid, which is the same. */
const isBilling = ({ status, isCredited }: MarkedInvoice) =>
  status !== 'void' && !(status === 'paid' && isCredited);

const idsOf = (all: readonly MarkedInvoice[]) => all.map(({ id }) => id).join(', ');
