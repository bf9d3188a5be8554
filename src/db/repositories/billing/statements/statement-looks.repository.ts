import { and, asc, eq, inArray, lte, or } from 'drizzle-orm';
import type { StatementState } from '../../../../domain/billing/statement.ts';
import type { DbOrTx } from '../../../client.ts';
import { statements } from '../../../schema/index.ts';

const UNSETTLED: StatementState[] = ['closed', 'invoicing', 'open', 'failed', 'uncollectible'];

/** Those of the tenant's that wait for something at Stripe, or whose invoice is named. */
export async function listStatementsToLookAt(
  db: DbOrTx,
  tenantId: string,
  invoiceIds: readonly string[],
): Promise<string[]> {
  const rows = await db
    .select({ id: statements.id })
    .from(statements)
    .where(
      and(
        eq(statements.tenantId, tenantId),
        or(
          inArray(statements.state, UNSETTLED),
          invoiceIds.length > 0 ? inArray(statements.stripeInvoiceId, [...invoiceIds]) : undefined,
        ),
      ),
    );
  return rows.map(({ id }) => id);
}

/** Has Stripe asked about them as soon as may be. */
export async function orderStatementLook(
  db: DbOrTx,
  ids: readonly string[],
  now: Date,
): Promise<void> {
  await db
    .update(statements)
    .set({ lookAt: now })
    .where(inArray(statements.id, [...ids]));
}

/** Those to look at by now, the longest due first. */
export async function listDueStatements(db: DbOrTx, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: statements.id })
    .from(statements)
    .where(lte(statements.lookAt, now))
    .orderBy(asc(statements.lookAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}
