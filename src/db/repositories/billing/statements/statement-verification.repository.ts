import { and, asc, eq, gt, inArray, isNotNull, or, sql } from 'drizzle-orm';
import { creditAccountState } from '../../../../domain/billing/statement.ts';
import type { Db, DbOrTx } from '../../../client.ts';
import { payments, statements, type Statement } from '../../../schema/index.ts';

type StatementFault<Fault> = { fault: Fault; tenantId: string; statementId: string };

/** Statements that do not begin where the one before ended, or do not have its hash. */
export async function listChainFaults(db: Db): Promise<StatementFault<'chain'>[]> {
  const { rows } = await db.execute<{ tenantId: string; statementId: string }>(sql`
    select tenant_id as "tenantId", id as "statementId" from (
      select tenant_id, id, seq_from, previous_sha256,
        lag(seq_to, 1, 0) over w as seq_before, lag(sha256, 1, '') over w as sha_before
      from statements window w as (partition by tenant_id order by seq_from)
    ) s where seq_from <> seq_before + 1 or previous_sha256 <> sha_before`);
  return rows.map((row) => ({ ...row, fault: 'chain' }));
}

/**
 * Statements that do not come to what their lines do (`sum`), and lines that do not go on where the
 * statements before left off (`month`).
 */
export async function listLineFaults(db: Db): Promise<StatementFault<'sum' | 'month'>[]> {
  const { rows } = await db.execute<StatementFault<'sum' | 'month'>>(sql`
    select 'sum' as fault, s.tenant_id as "tenantId", s.id as "statementId"
    from statements s
    left join lateral (
      select coalesce(sum(amount_minor), 0) as minor, coalesce(sum(micro), 0) as micro
      from statement_lines l where l.statement_id = s.id
    ) l on true
    where s.amount_minor <> l.minor or s.micro <> l.micro
    union all
    select 'month', tenant_id, statement_id from (
      select l.tenant_id, l.statement_id, l.micro_before, coalesce(sum(l.micro) over (
        partition by l.tenant_id, s.currency, l.period, l.resource_type, l.rate_micro,
          l.minor_per_credit
        order by s.seq_from rows between unbounded preceding and 1 preceding), 0) as before
      from statement_lines l join statements s on s.id = l.statement_id
    ) l where micro_before <> before`);
  return rows;
}

export async function listTenantsWithStatements(db: Db): Promise<string[]> {
  const rows = await db.selectDistinct({ id: statements.tenantId }).from(statements);
  return rows.map(({ id }) => id);
}

/** The tenant's, oldest first. */
export function listStatementsOf(db: Db, tenantId: string): Promise<Statement[]> {
  return db
    .select()
    .from(statements)
    .where(eq(statements.tenantId, tenantId))
    .orderBy(asc(statements.seqFrom));
}

/**
 * Those of the tenant's whose credit account does not have the state that the payment of their invoice gives
 * them: it does not know of a refund, a dispute, or how that ended.
 */
export async function listOutdatedInAccount(db: DbOrTx, tenantId: string): Promise<string[]> {
  const isReturned = or(
    gt(payments.amountRefundedMinor, 0),
    isNotNull(payments.disputeStatus),
    inArray(statements.told, ['returned', 'lost']),
  );
  const rows = await db
    .select({ statement: statements, payment: payments })
    .from(statements)
    .innerJoin(payments, eq(payments.stripeInvoiceId, statements.stripeInvoiceId))
    .where(and(eq(statements.tenantId, tenantId), isReturned));
  return rows
    .filter(({ statement, payment }) => creditAccountState(statement, payment) !== statement.told)
    .map(({ statement }) => statement.id);
}
