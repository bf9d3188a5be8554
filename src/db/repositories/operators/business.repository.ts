import { sql } from 'drizzle-orm';
import type { Plan } from '../../../domain/plans.ts';
import type { SubscriptionStatus } from '../../../domain/billing/subscription-view.ts';
import type { DbOrTx } from '../../client.ts';

interface OfMonth extends Record<string, unknown> {
  month: string;
  currency: string;
}

/** What was paid for packs and statements of use, by the month of the payment, from `from` on. */
export async function sumUsage(db: DbOrTx, from: Date): Promise<(OfMonth & { minor: number })[]> {
  const { rows } = await db.execute<OfMonth & { minor: string }>(sql`
    select to_char(p.paid_at at time zone 'UTC', 'YYYY-MM') as month, p.currency,
      sum(p.amount_paid_minor)::text as minor
    from payments p
    where p.status = 'paid' and p.amount_paid_minor > 0 and ${IS_USAGE}
      and p.paid_at >= ${from.toISOString()}::timestamptz
    group by 1, 2`);
  return rows.map((row) => ({ ...row, minor: Number(row.minor) }));
}

/** An invoice of a pack, or of a statement of use: neither is a subscription's. */
export const IS_USAGE = sql`p.stripe_subscription_id is null and (
  exists (select from credit_purchases c where c.stripe_invoice_id = p.stripe_invoice_id)
  or exists (select from statements s where s.stripe_invoice_id = p.stripe_invoice_id))`;

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

/** Something was paid for the subscription. Looked up one by one: an index has it. */
const IS_PAID_FOR = sql`(
  select true from payments p where p.stripe_subscription_id = s.stripe_subscription_id
    and p.tenant_id = s.tenant_id and p.amount_paid_minor > 0 limit 1)`;

/** What became of a trial: it runs, something was paid for the subscription after it, or nothing was. */
export const TRIAL_STATE = sql`case
  when s.status = 'trialing' then 'running' when ${IS_PAID_FOR} then 'converted' else 'lost' end`;

export async function countTrials(
  db: DbOrTx,
): Promise<{ running: number; converted: number; lost: number }> {
  const { rows } = await db.execute<{ state: 'running' | 'converted' | 'lost'; count: number }>(sql`
    select ${TRIAL_STATE} as state, count(*)::int as count
    from subscriptions s where s.trial_end is not null group by 1`);
  const of = (state: string) => rows.find((row) => row.state === state)?.count ?? 0;
  return { running: of('running'), converted: of('converted'), lost: of('lost') };
}
