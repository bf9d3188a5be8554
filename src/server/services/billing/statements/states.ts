import type { Statement } from '../../../../db/schema/index.ts';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import type { InvoiceSnapshot } from '../../stripe/snapshots/invoice-snapshot.ts';

/** What a statement is by its invoice. Nobody charges a customer who was deleted. */
export function stateOf({
  status,
  attemptCount,
  failure,
  requiresAction,
  isCustomerDeleted,
}: Pick<
  InvoiceSnapshot,
  'status' | 'attemptCount' | 'failure' | 'requiresAction' | 'isCustomerDeleted'
>): StatementState {
  if (isCustomerDeleted && (status === 'draft' || status === 'open')) return 'uncollectible';
  if (status === 'draft') return 'invoicing';
  if (status !== 'open') return status;
  return requiresAction || (attemptCount > 0 && failure) ? 'failed' : 'open';
}

/** What the account is to know of it, in the words of `told`; nothing of what is carried. */
export function toldOf(state: StatementState): Statement['told'] {
  if (state === 'carried') return null;
  if (state === 'paid' || state === 'failed' || state === 'uncollectible') return state;
  return state === 'void' || state === 'written_off' ? 'void' : 'billed';
}

const MINUTE_MS = 60_000;

/** When to ask Stripe again though nobody tells. */
export function nextLook({ state, heldAt }: Statement, now: Date): Date | null {
  const inMinutes = (minutes: number) => new Date(now.getTime() + minutes * MINUTE_MS);
  if (state === 'closed' || state === 'invoicing') return heldAt ? null : inMinutes(1);
  return state === 'open' || state === 'failed' ? inMinutes(6 * 60) : null;
}
