import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { PaymentSubject } from '../../../../domain/billing/payment-view.ts';
import type { Spent } from '../../../../domain/billing/usage/month-cost.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Db, DbOrTx } from '../../../client.ts';
import { creditPurchases, payments, statements, type Payment } from '../../../schema/index.ts';

/** What invoices are for, by their ids at Stripe. */
export async function findInvoiceSubjects(
  db: Db,
  shown: readonly Payment[],
): Promise<Map<string, PaymentSubject>> {
  const ids = shown.map(({ stripeInvoiceId }) => stripeInvoiceId);
  if (ids.length === 0) return new Map();
  const [packs, bills] = await Promise.all([
    db
      .select({ id: creditPurchases.stripeInvoiceId })
      .from(creditPurchases)
      .where(inArray(creditPurchases.stripeInvoiceId, ids)),
    db
      .select({ id: statements.stripeInvoiceId })
      .from(statements)
      .where(inArray(statements.stripeInvoiceId, ids)),
  ]);
  const subjects = new Map<string, PaymentSubject>(
    shown
      .filter((one) => one.stripeSubscriptionId !== null)
      .map((one) => [one.stripeInvoiceId, 'subscription']),
  );
  for (const { id } of packs) subjects.set(id!, 'pack');
  for (const { id } of bills) subjects.set(id!, 'statement');
  return subjects;
}

/** How invoices stood when we saw them last, by their ids at Stripe; those that we never saw are missing. */
export async function findStatuses(
  db: DbOrTx,
  ids: readonly string[],
): Promise<Map<string, Payment['status']>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .select({ id: payments.stripeInvoiceId, status: payments.status })
    .from(payments)
    .where(inArray(payments.stripeInvoiceId, [...ids]));
  return new Map(rows.map(({ id, status }) => [id, status]));
}

/** The customer's newest invoices that were open when we saw them last, by their ids at Stripe. */
export async function listOpenInvoices(
  db: DbOrTx,
  values: { tenantId: string; customerId: string; limit: number },
): Promise<string[]> {
  const { tenantId, customerId, limit } = values;
  const rows = await db
    .select({ id: payments.stripeInvoiceId })
    .from(payments)
    .where(
      and(
        ...[eq(payments.tenantId, tenantId), eq(payments.stripeCustomerId, customerId)],
        eq(payments.status, 'open'),
      ),
    )
    .orderBy(desc(payments.createdAt), desc(payments.id))
    .limit(limit);
  return rows.map((row) => row.id);
}

/**
 * What of a month a tenant's subscriptions were invoiced, its packs paid and each line of its overage billed,
 * after what is not paid of it and what went back.
 * Invoices count as they ask for money: after credit notes and the customer's balance, of which nothing that it
 * paid is taken off once more when it goes back to it. What goes back is of the whole, tax and all, as is a line's part.
 */
export async function listSpent(
  db: DbOrTx,
  tenantId: string,
  { period, from, to }: { period: Period; from: Date; to: Date },
): Promise<Spent[]> {
  const within = (column: string) =>
    sql`${sql.raw(column)} >= ${from.toISOString()} and ${sql.raw(column)} < ${to.toISOString()}`;
  const { rows } = await db.execute<Record<keyof Spent, string> & Pick<Spent, 'part'>>(sql`
    with asked as (
      select p.*, least(p.amount_paid_minor, p.amount_refunded_minor
          + case when p.dispute_status = 'lost' then p.disputed_minor else 0 end) as back,
        greatest(0, least(p.amount_paid_minor, p.amount_refunded_minor) - (
          select coalesce(sum(r.amount_minor), 0) from refunds r
          where r.payment_id = p.id and r.status in ('succeeded', 'pending', 'requires_action')
        )) as to_balance
      from payments p where p.tenant_id = ${tenantId} and p.created_at >= ${from.toISOString()}
    ), billed as (
      select l.amount_minor as line, s.currency, bill.state, bill.whole, a.amount_due_minor as due,
        greatest(1, coalesce(a.total_minor, bill.whole)) as total, a.back, coalesce(a.to_balance, 0) as to_balance
      from statement_lines l
      join statements s on s.id = l.statement_id
      -- What is carried is on the next one's invoice.
      join lateral (
        select b.state, b.stripe_invoice_id, greatest(1, b.amount_minor + b.carried_in_minor) as whole
        from statements b
        where b.tenant_id = s.tenant_id and b.seq_from >= s.seq_from
          and (b.state <> 'carried' or b.seq_from = s.seq_from) and b.currency = s.currency
        order by b.state = 'carried', b.seq_from limit 1
      ) bill on true
      left join asked a on a.stripe_invoice_id = bill.stripe_invoice_id
      where l.tenant_id = ${tenantId} and l.period = ${period}
    )
    select 'plan' as part, currency, amount_due_minor - back as "amountMinor",
      to_balance as "toBalanceMinor"
    from asked
    where stripe_subscription_id is not null and status in ('open', 'paid') and created_at < ${to.toISOString()}
    union all
    select 'packs', c.currency, greatest(0,
        coalesce(case a.status when 'paid' then a.amount_paid_minor end, c.charged_minor, c.amount_minor)
        - greatest(c.refunded_minor + c.refund_pending_minor, coalesce(a.back, 0))),
      coalesce(a.to_balance, 0)
    from credit_purchases c left join asked a on a.stripe_invoice_id = c.stripe_invoice_id
    where c.tenant_id = ${tenantId} and ${within('c.paid_at')}
    union all
    select 'overage', currency,
      case when state in ('void', 'written_off') then 0
        when due is null or state not in ('open', 'failed', 'uncollectible', 'paid') then line
        else round(line * least(1, (due - back)::numeric / total)) end,
      case when state = 'paid' then round(to_balance * line / whole) else 0 end
    from billed`);
  return rows.map(({ part, currency, amountMinor, toBalanceMinor }) => ({
    ...{ part, currency },
    ...{ amountMinor: Number(amountMinor), toBalanceMinor: Number(toBalanceMinor) },
  }));
}
