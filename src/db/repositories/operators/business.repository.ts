import { sql } from 'drizzle-orm';
import type { Plan } from '../../../domain/plans.ts';
import type { MrrMovement } from '../../../domain/prices.ts';
import type { SubscriptionStatus } from '../../../domain/billing/subscription-view.ts';
import type { DbOrTx } from '../../client.ts';

interface OfMonth extends Record<string, unknown> {
  month: string;
  currency: string;
}

const month = (column: string) => sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM')`);

/** What movements of each kind came to, by month and currency: of all months. */
export async function sumMovements(
  db: DbOrTx,
): Promise<(OfMonth & { kind: MrrMovement; minor: number })[]> {
  const { rows } = await db.execute<OfMonth & { kind: MrrMovement; minor: string }>(sql`
    select ${month('at')} as month, currency, kind, sum(after_minor - before_minor)::text as minor
    from mrr_movements group by 1, 2, 3 order by 1`);
  return rows.map((row) => ({ ...row, minor: Number(row.minor) }));
}

export interface PaidMonth extends OfMonth {
  paid: number;
  tax: number;
  usage: number;
  recovered: number;
  recoveredMinor: number;
}

/** What was paid, by the month of the payment, from `from` on. */
export async function sumPaid(db: DbOrTx, from: Date): Promise<PaidMonth[]> {
  type Row = OfMonth & Record<'paid' | 'tax' | 'usage' | 'recovered' | 'recoveredMinor', string>;
  const { rows } = await db.execute<Row>(sql`
    select ${month('p.paid_at')} as month, p.currency,
      sum(p.amount_paid_minor)::text as paid, sum(p.tax_minor)::text as tax,
      coalesce(sum(p.amount_paid_minor) filter (where ${IS_USAGE}), 0)::text as usage,
      count(*) filter (where p.attempt_count > 1)::text as recovered,
      coalesce(sum(p.amount_paid_minor) filter (where p.attempt_count > 1), 0)::text
        as "recoveredMinor"
    from payments p
    where p.status = 'paid' and p.amount_paid_minor > 0 and p.paid_at >= ${from.toISOString()}::timestamptz
    group by 1, 2`);
  return rows.map(({ month: of, currency, ...sums }) => ({
    ...{ month: of, currency, paid: Number(sums.paid), tax: Number(sums.tax) },
    ...{ usage: Number(sums.usage), recovered: Number(sums.recovered) },
    recoveredMinor: Number(sums.recoveredMinor),
  }));
}

/** An invoice of a pack, or of a statement of use. */
export const IS_USAGE = sql`(
  exists (select from credit_purchases c where c.stripe_invoice_id = p.stripe_invoice_id)
  or exists (select from statements s where s.stripe_invoice_id = p.stripe_invoice_id))`;

/** What went back and did not fail, by the month in which it was given. */
export async function sumRefunded(
  db: DbOrTx,
  from: Date,
): Promise<(OfMonth & { refunded: number })[]> {
  const { rows } = await db.execute<OfMonth & { refunded: string }>(sql`
    select ${month('created_at')} as month, currency, sum(amount_minor)::text as refunded
    from refunds
    where status not in ('failed', 'canceled') and created_at >= ${from.toISOString()}::timestamptz
    group by 1, 2`);
  return rows.map((row) => ({ ...row, refunded: Number(row.refunded) }));
}

/** Invoices whose charge failed and that are open still, by currency. */
export async function sumFailed(
  db: DbOrTx,
): Promise<{ currency: string; count: number; minor: number }[]> {
  type Row = { currency: string; count: number; minor: string };
  const { rows } = await db.execute<Row>(sql`
    select currency, count(*)::int as count, sum(amount_remaining_minor)::text as minor
    from payments where status = 'open' and attempt_count > 0 group by 1`);
  return rows.map((row) => ({ ...row, minor: Number(row.minor) }));
}

/** Subscriptions that have not ended, by plan and state. */
export async function countSubscriptions(
  db: DbOrTx,
): Promise<{ plan: Plan; status: SubscriptionStatus; count: number }[]> {
  const { rows } = await db.execute<{ plan: Plan; status: SubscriptionStatus; count: number }>(sql`
    select plan, status, count(*)::int as count from subscriptions
    where status <> 'canceled' group by 1, 2 order by 1, 2`);
  return rows;
}

/** What became of a trial: it runs, something was paid for the subscription after it, or nothing was. */
export const TRIAL_STATE = sql`case
  when s.status = 'trialing' then 'running'
  when exists (select from payments p where p.stripe_subscription_id = s.stripe_subscription_id
    and p.tenant_id = s.tenant_id and p.amount_paid_minor > 0) then 'converted'
  else 'lost' end`;

export async function countTrials(
  db: DbOrTx,
): Promise<{ running: number; converted: number; lost: number }> {
  const { rows } = await db.execute<{ state: 'running' | 'converted' | 'lost'; count: number }>(sql`
    select ${TRIAL_STATE} as state, count(*)::int as count
    from subscriptions s where s.trial_end is not null group by 1`);
  const of = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
  return { running: of('running'), converted: of('converted'), lost: of('lost') };
}
