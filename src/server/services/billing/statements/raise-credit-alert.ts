import type { DbOrTx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';

/** A statement owes the customer money. */
export const CREDIT_ALERT = 'statement_credit';

/**
 * Raises an alert when a statement owes the customer money and no later statement can take it off, or none has
 * come for 35 days: usage was taken back after it was billed, and an operator has to refund it. Does nothing
 * for a statement that owes the customer nothing.
 */
export async function raiseCreditAlert(db: DbOrTx, statement: Statement, now: Date): Promise<void> {
  const { id, tenantId, currency, state } = statement;
  const amountMinor = -(statement.amountMinor + statement.carriedInMinor);
  if (amountMinor <= 0) return;
  await raiseAlert(db, {
    tenantId,
    kind: CREDIT_ALERT,
    subjectId: id,
    message:
      state === 'carried'
        ? 'Usage was taken back that was billed, and no other statement has come for 35 days: refund it on a paid invoice and then npm run statement:write-off, or wait for the next one, which takes it off.'
        : 'Usage was taken back that was billed, and no other statement comes: refund it on a paid invoice.',
    details: { amountMinor, currency },
    now,
  });
}
