import { and, desc, eq, inArray, sql } from 'drizzle-orm';
import type { PaymentSubject } from '../../../domain/billing/payment-view.ts';
import type { Db, DbOrTx } from '../../client.ts';
import { creditPurchases, payments, statements, type Payment } from '../../schema/index.ts';

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
 * What a tenant's subscriptions were invoiced and its packs paid between two instants, less what went back,
 * a row a currency.
 */
export async function sumCosts(
  db: DbOrTx,
  tenantId: string,
  { from, to }: { from: Date; to: Date },
): Promise<{ currency: string; planMinor: number; packsMinor: number }[]> {
  const within = (column: string) =>
    sql`${sql.raw(column)} >= ${from.toISOString()} and ${sql.raw(column)} < ${to.toISOString()}`;
  const { rows } = await db.execute<Record<'currency' | 'plan' | 'packs', string>>(sql`
    select currency, sum(plan) as plan, sum(packs) as packs from (
      select currency, amount_due_minor - amount_refunded_minor as plan, 0 as packs from payments
      where tenant_id = ${tenantId} and stripe_subscription_id is not null
        and status in ('open', 'paid') and ${within('created_at')}
      union all
      select currency, 0, coalesce(charged_minor, amount_minor) - refunded_minor from credit_purchases
      where tenant_id = ${tenantId} and ${within('paid_at')}
    ) as spent
    group by currency order by currency`);
  return rows.map(({ currency, plan, packs }) => {
    return { currency, planMinor: Number(plan), packsMinor: Number(packs) };
  });
}
