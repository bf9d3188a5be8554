import { sql, type SQL } from 'drizzle-orm';
import type { BusinessList } from '../../../domain/accounts/operator-business.ts';
import type { DbOrTx } from '../../client.ts';
import { IS_USAGE, TRIAL_STATE } from './business.repository.ts';

/** A line behind a number, and its place in the list. */
export interface BusinessListRow extends Record<string, unknown> {
  key: string;
  micros: string;
  tenantId: string;
  tenant: string;
  at: Date;
  what: string;
  amount: number | null;
  currency: string | null;
}

interface Listed {
  id: SQL;
  at: SQL;
  tenant: SQL;
  what: SQL;
  amount: SQL;
  currency: SQL;
  from: SQL;
}

export interface BusinessWanted {
  list: Exclude<BusinessList, 'credits'>;
  /** A calendar month, where the list is of one. */
  span: { from: Date; to: Date } | undefined;
  before: { micros: string; key: string } | undefined;
  limit: number;
}

/** A page of what is behind a number, the newest first. */
export async function listBusiness(
  db: DbOrTx,
  { list, span, before, limit }: BusinessWanted,
): Promise<BusinessListRow[]> {
  const { id, at, tenant, what, amount, currency, from } = LISTS[list];
  const key = sql`(${id}::text) collate "C"`;
  const instant = sql`timestamptz 'epoch' + ${before?.micros ?? '0'}::bigint * interval '1 microsecond'`;
  const isBehind = before
    ? sql`and ${at} <= ${instant} and (${at}, ${key}) < (${instant}, ${before.key}::text)`
    : sql``;
  const isWithin = span
    ? sql`and ${at} >= ${span.from.toISOString()}::timestamptz
        and ${at} < ${span.to.toISOString()}::timestamptz`
    : sql``;
  const { rows } = await db.execute<BusinessListRow & { amount: string | null }>(sql`
    select ${key} as key, (extract(epoch from ${at}) * 1000000)::bigint::text as micros,
      t.id as "tenantId", t.name as tenant, ${at} as at, ${what}::text as what,
      (${amount})::text as amount, ${currency}::text as currency
    ${from} ${isWithin} ${isBehind} and t.id = ${tenant}
    order by ${at} desc, 1 desc limit ${limit}`);
  return rows.map((row) => ({
    ...row,
    at: new Date(row.at),
    amount: row.amount === null ? null : Number(row.amount),
  }));
}

const payment = {
  ...{
    id: sql`p.id`,
    tenant: sql`p.tenant_id`,
    what: sql`coalesce(p.number, p.stripe_invoice_id)`,
  },
  ...{ amount: sql`p.amount_paid_minor`, currency: sql`p.currency`, at: sql`p.paid_at` },
};
const paid = sql`from tenants t, payments p where p.status = 'paid' and p.amount_paid_minor > 0`;
const movement = {
  id: sql`m.id`,
  at: sql`m.at`,
  tenant: sql`m.tenant_id`,
  currency: sql`m.currency`,
};
const subscription = {
  ...{
    id: sql`s.id`,
    at: sql`coalesce(s.stripe_created_at, s.created_at)`,
    tenant: sql`s.tenant_id`,
  },
  ...{ amount: sql`null::bigint`, currency: sql`null::text` },
};

const LISTS: Record<BusinessWanted['list'], Listed> = {
  mrr: {
    ...{ ...movement, what: sql`t.plan`, amount: sql`m.after_minor` },
    from: sql`from tenants t, mrr_movements m where m.after_minor > 0 and not exists (
      select from mrr_movements n
      where n.tenant_id = m.tenant_id and n.currency = m.currency and n.id > m.id)`,
  },
  movements: {
    ...{ ...movement, what: sql`m.kind`, amount: sql`m.after_minor - m.before_minor` },
    from: sql`from tenants t, mrr_movements m where true`,
  },
  subscriptions: {
    ...{ ...subscription, what: sql`s.plan || ' ' || s.status` },
    from: sql`from tenants t, subscriptions s where s.status <> 'canceled'`,
  },
  trials: {
    ...{ ...subscription, what: TRIAL_STATE },
    from: sql`from tenants t, subscriptions s where s.trial_end is not null`,
  },
  paid: { ...payment, from: paid },
  usage: { ...payment, from: sql`${paid} and ${IS_USAGE}` },
  recovered: { ...payment, from: sql`${paid} and p.attempt_count > 1` },
  refunded: {
    ...{ id: sql`r.id`, at: sql`r.created_at`, tenant: sql`r.tenant_id`, what: sql`r.status` },
    ...{ amount: sql`r.amount_minor`, currency: sql`r.currency` },
    from: sql`from tenants t, refunds r where r.status not in ('failed', 'canceled')`,
  },
  failed: {
    ...{ ...payment, at: sql`p.created_at`, amount: sql`p.amount_remaining_minor` },
    from: sql`from tenants t, payments p where p.status = 'open' and p.attempt_count > 0`,
  },
};
