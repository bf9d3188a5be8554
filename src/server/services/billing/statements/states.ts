import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import { attemptOf } from '../../stripe/invoices/attempt.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';

/**
 * What a statement is by its invoice. Nobody charges a customer who was deleted, and what staff credited
 * wholly before it was paid is as if it were voided. An attempt that brought no money has failed, also where
 * Stripe keeps no error with it because there was no card to try.
 */
export function stateOf({
  status,
  isCredited,
  isCustomerDeleted,
  ...invoice
}: Pick<
  InvoiceSnapshot,
  | 'status'
  | 'attemptCount'
  | 'isProcessing'
  | 'requiresAction'
  | 'failure'
  | 'isCredited'
  | 'isCustomerDeleted'
>): StatementState {
  if (isCustomerDeleted && (status === 'draft' || status === 'open')) return 'uncollectible';
  if (status === 'draft') return 'invoicing';
  if (status === 'paid' && isCredited) return 'void';
  if (status !== 'open') return status;
  const attempt = attemptOf(invoice);
  return attempt === 'none' || attempt === 'processing' ? 'open' : 'failed';
}

const MINUTE_MS = 60_000;

/** So long what is owed to a customer waits for a statement that it can be taken off. */
const CREDIT_WAITS_MS = 35 * 24 * 60 * MINUTE_MS;

/** Until when a statement that owes the customer something waits for the next one; null for any other. */
export function creditWaitsUntil(
  statement: Pick<Statement, 'state' | 'amountMinor' | 'carriedInMinor' | 'closedAt'>,
): Date | null {
  const { state, amountMinor, carriedInMinor, closedAt } = statement;
  if (state !== 'carried' || amountMinor + carriedInMinor >= 0) return null;
  return new Date(closedAt.getTime() + CREDIT_WAITS_MS);
}

/** When to ask Stripe again, or to look at all, though nobody tells. */
export function nextLook(statement: Statement, now: Date): Date | null {
  const { state, heldAt } = statement;
  const inMinutes = (minutes: number) => new Date(now.getTime() + minutes * MINUTE_MS);
  if (state === 'closed' || state === 'invoicing') return heldAt ? null : inMinutes(1);
  if (state === 'open' || state === 'failed') return inMinutes(6 * 60);
  const until = creditWaitsUntil(statement);
  return until && until > now ? until : null;
}
