import { asc, eq, sql } from 'drizzle-orm';
import { payments, statements } from '../../../schema/index.ts';
import type { DbOrTx } from '../../../client.ts';
import type { SeqRange } from '../../usage/credits/unbilled.ts';

/**
 * The movements of statements that somebody owed something for and nobody pays any more: void, written off,
 * or their money went back to the customer, all of it or by the bank; and of those that were carried to them.
 */
export async function listUncollected(db: DbOrTx, tenantId: string): Promise<SeqRange[]> {
  const { state, seqFrom, seqTo, amountMinor, carriedInMinor } = statements;
  const { amountRefundedMinor: back, disputeStatus } = payments;
  const paid = sql`${payments.amountPaidMinor} + ${payments.fromBalanceMinor}`;
  const rows = await db
    .select({
      ...{ state, from: seqFrom, to: seqTo },
      isGone: sql<boolean>`${amountMinor} + ${carriedInMinor} > 0 and (${state} in ('void', 'written_off')
        or ${state} = 'paid' and coalesce(${paid} > 0 and ${back} >= ${paid}
          or ${disputeStatus} = 'lost', false))`,
    })
    .from(statements)
    .leftJoin(payments, eq(payments.stripeInvoiceId, statements.stripeInvoiceId))
    .where(eq(statements.tenantId, tenantId))
    .orderBy(asc(seqFrom));
  const found: SeqRange[] = [];
  let since: number | null = null;
  for (const row of rows) {
    since ??= row.from;
    if (row.isGone) found.push({ from: since, to: row.to });
    // What is carried is in the next one.
    if (row.state !== 'carried') since = null;
  }
  return found;
}
