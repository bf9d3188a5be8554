import { and, asc, desc, eq, inArray, lt, sql, type SQL } from 'drizzle-orm';
import type {
  DetailedLine,
  LineKey,
  StatementState,
} from '../../../../domain/billing/statement.ts';
import type { MicroAtPrice } from '../../../../domain/billing/usage/month-cost.ts';
import type { Period } from '../../../../domain/period.ts';
import type { DbOrTx, Tx } from '../../../client.ts';
import {
  payments,
  statementLines,
  statements,
  type NewStatement,
  type Statement,
} from '../../../schema/index.ts';

/** One closing of a tenant's at a time, until the transaction ends. */
export async function lockClosing(tx: Tx, tenantId: string): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`statements:${tenantId}`}, 0))`,
  );
}

/** The tenant's newest, which the next one follows. */
export async function findLastStatement(
  db: DbOrTx,
  tenantId: string,
): Promise<Statement | undefined> {
  const [row] = await db
    .select()
    .from(statements)
    .where(eq(statements.tenantId, tenantId))
    .orderBy(desc(statements.seqFrom))
    .limit(1);
  return row;
}

/** Where a tenant's statements stand. */
export interface Closing {
  /** When the last one was closed. */
  closedAt: Date;
  /** µcr that wait for the next one, the last ones having been too little. */
  carriedMicro: number;
}

/** The same of many tenants, by their ids; those that have had none are missing. */
export async function listClosings(
  db: DbOrTx,
  tenantIds: readonly string[],
): Promise<Map<string, Closing>> {
  if (tenantIds.length === 0) return new Map();
  const { rows } = await db.execute<Record<'id' | 'closed_at' | 'carried', string>>(sql`
    select tenant_id as id, max(closed_at) as closed_at,
      coalesce(sum(micro) filter (where seq_from > settled), 0) as carried
    from (
      select tenant_id, closed_at, micro, seq_from,
        coalesce(max(seq_from) filter (where state <> 'carried') over (partition by tenant_id), 0)
          as settled
      from statements
      where tenant_id = any(${sql.param([...tenantIds])}::uuid[])
    ) as s
    group by tenant_id`);
  return new Map(
    rows.map(({ id, closed_at: at, carried }) => [
      id,
      { closedAt: new Date(at), carriedMicro: Number(carried) },
    ]),
  );
}

export async function insertStatement(
  tx: Tx,
  values: NewStatement,
  lines: readonly (DetailedLine & { description: string })[],
): Promise<Statement> {
  const [row] = await tx.insert(statements).values(values).returning();
  if (!row) throw new Error('The database returned no statement.');
  const { id: statementId, tenantId } = row;
  if (lines.length > 0) {
    await tx
      .insert(statementLines)
      .values(lines.map((line, n) => ({ ...line, tenantId, statementId, n: n + 1 })));
  }
  return row;
}

/** By its id, whosever it is. */
export async function findStatement(db: DbOrTx, id: string): Promise<Statement | undefined> {
  const [row] = await db.select().from(statements).where(eq(statements.id, id));
  return row;
}

export async function updateStatement(
  db: DbOrTx,
  id: string,
  values: Partial<Omit<Statement, 'id' | 'tenantId'>>,
): Promise<Statement> {
  const [row] = await db.update(statements).set(values).where(eq(statements.id, id)).returning();
  if (!row) throw new Error(`There is no statement ${id}.`);
  return row;
}

/** A statement's lines, in order. */
export async function listLines(db: DbOrTx, statementId: string): Promise<DetailedLine[]> {
  const lines = await listInvoiceLines(db, statementId);
  return lines.map(({ statementId: _statement, n: _n, description: _words, ...line }) => line);
}

/** A line as its invoice has it: one of a statement, numbered, with its words. */
export type InvoiceLine = DetailedLine & {
  statementId: string;
  n: number;
  description: string;
};

export async function listInvoiceLines(db: DbOrTx, statementId: string): Promise<InvoiceLine[]> {
  const rows = await db
    .select()
    .from(statementLines)
    .where(eq(statementLines.statementId, statementId))
    .orderBy(asc(statementLines.n));
  return rows.map(({ tenantId: _tenant, period, ...line }) => ({
    ...line,
    period: period as Period,
  }));
}

/** µcr of these statements' lines by month and price. */
export async function sumLines(
  db: DbOrTx,
  statementIds: string[],
): Promise<{ period: string; price: string; micro: number }[]> {
  const { period, minorPerCredit, micro, statementId } = statementLines;
  const rows = await db
    .select({ period, price: minorPerCredit, micro: sql<string>`sum(${micro})` })
    .from(statementLines)
    .where(inArray(statementId, statementIds))
    .groupBy(period, minorPerCredit)
    .orderBy(period, minorPerCredit);
  return rows.map((row) => ({ ...row, micro: Number(row.micro) }));
}

/** µcr that the tenant's statements in a currency have billed, by what is billed together, of these months. */
export async function sumBilled(
  db: DbOrTx,
  billed: { tenantId: string; currency: string; periods: readonly string[] },
): Promise<(LineKey & { micro: number })[]> {
  if (billed.periods.length === 0) return [];
  const { period, resourceType, rateMicro, minorPerCredit, micro } = statementLines;
  const key = { period, resourceType, rateMicro, minorPerCredit };
  const mine = eq(statementLines.tenantId, billed.tenantId);
  const isOfCurrency = eq(statements.currency, billed.currency);
  const rows = await db
    .select({ ...key, micro: sql<string>`sum(${micro})` })
    .from(statementLines)
    .innerJoin(statements, eq(statements.id, statementLines.statementId))
    .where(and(mine, isOfCurrency, inArray(period, [...billed.periods])))
    .groupBy(...Object.values(key));
  return rows.map((row) => ({ ...row, period: row.period as Period, micro: Number(row.micro) }));
}

/** µcr of a month that the tenant's statements have billed, whatever became of them; one of each price. */
export async function sumBilledAtPrices(
  db: DbOrTx,
  tenantId: string,
  period: Period,
): Promise<MicroAtPrice[]> {
  const price = { currency: statements.currency, minorPerCredit: statementLines.minorPerCredit };
  const rows = await db
    .select({ ...price, micro: sql<string>`sum(${statementLines.micro})` })
    .from(statementLines)
    .innerJoin(statements, eq(statements.id, statementLines.statementId))
    .where(and(eq(statementLines.tenantId, tenantId), eq(statementLines.period, period)))
    .groupBy(...Object.values(price));
  return rows.map((row) => ({ ...row, micro: Number(row.micro) }));
}

/**
 * The statements that are carried to this one, the oldest first: those straight before it that were
 * too little, in its currency, also those that came to nothing.
 */
export async function listCarried(db: DbOrTx, statement: Statement): Promise<Statement[]> {
  const before = await db
    .select()
    .from(statements)
    .where(
      and(eq(statements.tenantId, statement.tenantId), lt(statements.seqFrom, statement.seqFrom)),
    )
    .orderBy(desc(statements.seqFrom));
  const end = before.findIndex(
    ({ state, currency }) => state !== 'carried' || currency !== statement.currency,
  );
  return (end < 0 ? before : before.slice(0, end)).reverse();
}

/** With what of the payment went back, and what of the invoice is still to be paid, where that is known. */
export type ListedStatement = Statement & { refundedMinor: number; remainingMinor: number | null };

/** The tenant's, newest first. */
export function listStatements(
  db: DbOrTx,
  tenantId: string,
  limit: number,
): Promise<ListedStatement[]> {
  return readListed(db, eq(statements.tenantId, tenantId), limit);
}

/** The newest of the tenant's that is so. */
export async function findListed(
  db: DbOrTx,
  tenantId: string,
  is: { id: string } | { state: StatementState },
): Promise<ListedStatement | undefined> {
  const so = 'id' in is ? eq(statements.id, is.id) : eq(statements.state, is.state);
  return (await readListed(db, and(eq(statements.tenantId, tenantId), so), 1))[0];
}

async function readListed(
  db: DbOrTx,
  which: SQL | undefined,
  limit: number,
): Promise<ListedStatement[]> {
  const rows = await db
    .select({
      statement: statements,
      refundedMinor: payments.amountRefundedMinor,
      remainingMinor: payments.amountRemainingMinor,
    })
    .from(statements)
    .leftJoin(payments, eq(payments.stripeInvoiceId, statements.stripeInvoiceId))
    .where(which)
    .orderBy(desc(statements.seqFrom))
    .limit(limit);
  return rows.map(({ statement, refundedMinor, remainingMinor }) => ({
    ...statement,
    ...{ refundedMinor: refundedMinor ?? 0, remainingMinor },
  }));
}
