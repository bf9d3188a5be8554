import type { DbOrTx } from '../../../../db/client.ts';
import { raiseAlert } from '../../../../db/repositories/operations/alert.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';

/**
 * Tells an operator of usage that was taken back after it was billed, where no statement comes that it could be
 * taken off, or none has come for long: that is refunded by hand. Nothing for a statement that owes nobody.
 */
export async function tellOfCredit(db: DbOrTx, statement: Statement, now: Date): Promise<void> {
  const { id, tenantId, currency, state } = statement;
  const amountMinor = -(statement.amountMinor + statement.carriedInMinor);
  if (amountMinor <= 0) return;
  await raiseAlert(db, {
    tenantId,
    kind: 'statement_credit',
    subjectId: id,
    message:
      state === 'carried'
        ? 'Usage was taken back that was billed, and no other statement has come for 35 days: refund it on a paid invoice and then npm run statement:write-off, or wait for the next one, which takes it off.'
        : 'Usage was taken back that was billed, and no other statement comes: refund it on a paid invoice.',
    details: { amountMinor, currency },
    now,
  });
}
