import { inTransaction } from '../../../../db/client.ts';
import {
  findLastStatement,
  findStatement,
  updateStatement,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import { resolveAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import { findTenantById } from '../../../../db/repositories/billing/tenant-billing.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import { isMissing } from '../../stripe/client/errors.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';
import { withCustomer } from '../locks/customer-lock.ts';
import { makeInvoice } from './make-invoice.ts';
import { creditWaitsUntil, nextLook, stateOf } from './states.ts';
import { updateCreditAccount } from './update-credit-account.ts';
import { raiseCreditAlert } from './raise-credit-alert.ts';
import { notifyOfChange } from './notify-of-change.ts';
import type { StatementDeps } from './statement-deps.ts';

/**
 * Brings a statement to what Stripe says now, whoever heard of it: the only function that invoices it
 * and that writes what became of that. In the customer's lock its invoice is found, or made; what Stripe
 * says is written, and then the account is told. Every step may be cut and repeated.
 */
export async function syncStatement(
  deps: StatementDeps,
  statementId: string,
): Promise<Statement | undefined> {
  const known = await findStatement(deps.db, statementId);
  if (!known) return undefined;
  const customerId = await customerOf(deps, known);
  if (customerId === null) return syncInLock(deps, statementId, null);
  return withCustomer(deps, customerId, () => syncInLock(deps, statementId, customerId));
}

async function customerOf({ db }: StatementDeps, statement: Statement): Promise<string | null> {
  if (statement.stripeCustomerId) return statement.stripeCustomerId;
  return (await findTenantById(db, statement.tenantId))?.stripeCustomerId ?? null;
}

/** The same for who holds the customer's lock. */
export async function syncInLock(
  deps: StatementDeps,
  statementId: string,
  customerId: string | null,
): Promise<Statement> {
  const { db, clock } = deps;
  // What it bills is known though Stripe may be away.
  const known = await updateCreditAccount(deps, (await findStatement(db, statementId))!);
  const done = await updateCreditAccount(deps, await followStripe(deps, known, customerId));
  const { state, stripeInvoiceId } = done;
  if (state === 'failed' && customerId && stripeInvoiceId) {
    await deps.invoices.useSavedCard(customerId, stripeInvoiceId);
  }
  const now = clock.now();
  if (known.lookAttempts > 0) await resolveAlert(db, 'statement_failing', statementId, now);
  return updateStatement(db, statementId, {
    ...{ lookAt: nextLook(done, now), lookAttempts: 0, lastError: null, syncedAt: now },
  });
}

async function followStripe(
  deps: StatementDeps,
  statement: Statement,
  customerId: string | null,
): Promise<Statement> {
  if (statement.state === 'carried') return followCarried(deps, statement);
  if (statement.state === 'written_off' && !statement.stripeInvoiceId) return statement;
  if (customerId === null) return writeState(deps, statement, 'uncollectible');
  const { invoices } = deps;
  const { stripeInvoiceId, heldAt } = statement;
  const found = stripeInvoiceId
    ? await invoices.find(stripeInvoiceId)
    : await invoices.findOf(customerId, statement);
  if (statement.writeOffAskedAt) return giveUp(deps, statement, found);
  // Staff deleted the draft: it is not made anew.
  if (stripeInvoiceId && !found) return writeState(deps, statement, 'void');
  if (found && stateOf(found) !== 'invoicing') return writeInvoice(deps, statement, found);
  if (heldAt) return statement;
  try {
    const made = await makeInvoice(deps, statement, customerId, found);
    return made
      ? await writeInvoice(deps, statement, made)
      : (await findStatement(deps.db, statement.id))!;
  } catch (error) {
    // Something is missing: the customer, and their card with them, or the card alone.
    if (!isMissing(error) || !(await invoices.isCustomerGone(customerId))) throw error;
    return writeState(deps, statement, 'uncollectible');
  }
}

/** What it owes was to be taken off the next one; where none comes for long, an operator is told. */
async function followCarried(deps: StatementDeps, statement: Statement): Promise<Statement> {
  const { db, clock } = deps;
  const until = creditWaitsUntil(statement);
  if (until === null || clock.now() < until) return statement;
  const isLast = (await findLastStatement(db, statement.tenantId))?.id === statement.id;
  if (isLast) await raiseCreditAlert(db, statement, clock.now());
  return statement;
}

/** Nobody is to pay it any more, unless somebody did in the meantime. */
async function giveUp(
  deps: StatementDeps,
  statement: Statement,
  found: InvoiceSnapshot | undefined,
): Promise<Statement> {
  const { invoices } = deps;
  if (found?.status === 'draft' || found?.status === 'open' || found?.status === 'uncollectible') {
    await invoices.giveUp(found);
  }
  const after = found && (await invoices.find(found.id));
  if (after?.status === 'paid') return writeInvoice(deps, statement, after);
  return writeState(deps, statement, 'written_off');
}

function writeInvoice(
  deps: StatementDeps,
  before: Statement,
  invoice: InvoiceSnapshot,
): Promise<Statement> {
  return writeState(deps, before, stateOf(invoice), invoice);
}

/** Writes what became of a statement, and tells of it, in one transaction. */
function writeState(
  { db, clock }: StatementDeps,
  before: Statement,
  state: StatementState,
  invoice?: InvoiceSnapshot,
): Promise<Statement> {
  const now = clock.now();
  const isOver = ['paid', 'void', 'uncollectible', 'written_off'].includes(state);
  const waits = invoice?.status === 'open' && !isOver ? invoice : undefined;
  return inTransaction(db, async (tx) => {
    const after = await updateStatement(tx, before.id, {
      state,
      settledAt: isOver ? (invoice?.paidAt ?? before.settledAt ?? now) : null,
      ...(invoice && {
        stripeInvoiceId: invoice.id,
        invoiceNumber: invoice.number,
        hostedInvoiceUrl: invoice.hostedInvoiceUrl,
      }),
      actionRequired: waits?.requiresAction ?? false,
      nextAttemptAt: waits?.nextAttemptAt ?? null,
    });
    await notifyOfChange(tx, { before, after, invoice, now });
    return after;
  });
}
