import { inTransaction } from '../../../../db/client.ts';
import { repeated } from '../../../../db/repeated.ts';
import {
  listCarried,
  sumLines,
  updateStatement,
} from '../../../../db/repositories/billing/statements/statement.repository.ts';
import {
  recordBilled,
  recordBillEnd,
  endOverageConsent,
} from '../../../../db/repositories/usage/credits/bills.ts';
import { placeCredits } from '../../../../db/repositories/usage/credits/place.ts';
import { findPaymentByInvoice } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import type { Statement } from '../../../../db/schema/index.ts';
import { creditAccountState } from '../../../../domain/billing/statement.ts';
import type { StatementDeps } from './statement-deps.ts';

/**
 * Records in the credit account, which is in the tenant's bucket, what a statement in the main tables bills
 * (with what is carried in), what became of it, and whether its money was kept. Idempotent by the statement's
 * id: after a crash between the two databases the call is simply made again. The statement's `told` has the
 * state recorded last.
 */
export async function updateCreditAccount(
  { db, buckets, clock }: Pick<StatementDeps, 'db' | 'buckets' | 'clock'>,
  statement: Statement,
): Promise<Statement> {
  const { stripeInvoiceId } = statement;
  const payment = stripeInvoiceId ? await findPaymentByInvoice(db, stripeInvoiceId) : undefined;
  const state = creditAccountState(statement, payment);
  if (statement.told === state) return statement;
  return repeated(() =>
    inTransaction(db, async (tx) => {
      const at = await placeCredits(tx, buckets, statement.tenantId);
      const { id: ref, tenantId } = statement;
      const all = [...(await listCarried(tx, statement)), statement];
      await recordBilled(at, {
        ...{ tenantId, ref, currency: statement.currency },
        minor: all.reduce((sum, one) => sum + one.amountMinor, 0),
        lines: await sumLines(
          tx,
          all.map(({ id }) => id),
        ),
      });
      const end = state === 'uncollectible' ? 'failed' : state;
      if (end && end !== 'billed') await recordBillEnd(at, { tenantId, ref, end });
      if (state === 'uncollectible') await endOverageConsent(at, { tenantId, now: clock.now() });
      return updateStatement(tx, ref, { told: state });
    }),
  );
}
