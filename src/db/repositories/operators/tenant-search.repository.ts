import { sql, type SQL } from 'drizzle-orm';
import { isUuid } from '../../../domain/ids.ts';
import type { Plan } from '../../../domain/plans.ts';
import type { DbOrTx } from '../../client.ts';

/** A tenant found, with the address of its first owner. */
export interface FoundTenant extends Record<string, unknown> {
  id: string;
  name: string;
  plan: Plan;
  owner: string | null;
  stripeCustomerId: string | null;
  createdAt: Date;
  deletedAt: Date | null;
}

const FIRST_OWNER = sql`(
  select u.email from memberships m join users u on u.id = m.user_id
  where m.tenant_id = t.id
  order by m.role, m.joined_at, m.user_id limit 1)`;

/**
 * Tenants, deleted ones too, newest first, behind the one of id `after`: all, or those that `query`
 * finds: by beginnings of words of the name, the beginning of somebody's e-mail address, an id of ours,
 * one of Stripe's (customer, subscription, invoice, charge, payment intent, event) or an invoice number.
 */
export async function searchTenants(
  db: DbOrTx,
  wanted: { query: string; after: string | undefined; limit: number },
): Promise<FoundTenant[]> {
  const { after, limit } = wanted;
  const query = wanted.query.trim();
  const isFound = query === '' ? sql`true` : sql`t.id in (${idsOf(query)})`;
  const isBehind =
    after === undefined
      ? sql`true`
      : sql`(t.created_at, t.id) < (select a.created_at, a.id from tenants a where a.id = ${after})`;
  const { rows } = await db.execute<FoundTenant>(sql`
    select t.id, t.name, t.plan, t.stripe_customer_id as "stripeCustomerId",
      t.created_at as "createdAt", t.deleted_at as "deletedAt", ${FIRST_OWNER} as owner
    from tenants t
    where ${isFound} and ${isBehind}
    order by t.created_at desc, t.id desc
    limit ${limit}`);
  return rows.map((row) => ({
    ...row,
    createdAt: new Date(row.createdAt),
    deletedAt: row.deletedAt && new Date(row.deletedAt),
  }));
}

/** The tenants that a query means: what it looks like decides where it is looked for. */
function idsOf(query: string): SQL {
  const isId: boolean = isUuid(query);
  if (isId) {
    return sql`select ${query}::uuid
      union all select tenant_id from memberships where user_id = ${query}`;
  }
  const ofStripe = /^(cus|sub|in|ch|py|pi|evt)_\w+$/.exec(query);
  if (ofStripe) return byStripeId(ofStripe[1]!, query);
  return sql`
    select m.tenant_id from users u join memberships m on m.user_id = u.id
      where u.email like ${`${escaped(query.toLowerCase())}%`}
    union all select tenant_id from payments where number = ${query}
    union all select tenant_id from statements where invoice_number = ${query}
    ${byWords(query)}`;
}

function byStripeId(kind: string, id: string): SQL {
  switch (kind) {
    case 'cus':
      return sql`select id from tenants where stripe_customer_id = ${id}`;
    case 'sub':
      return sql`select tenant_id from subscriptions where stripe_subscription_id = ${id}`;
    case 'in':
      return sql`select tenant_id from payments where stripe_invoice_id = ${id}`;
    case 'pi':
      return sql`select tenant_id from payments where stripe_payment_intent_id = ${id}
        union all select tenant_id from credit_purchases where stripe_payment_intent_id = ${id}`;
    case 'evt':
      return sql`select t.id from stripe_events e
        join tenants t on t.stripe_customer_id = e.stripe_customer_id where e.id = ${id}`;
    default:
      return sql`select tenant_id from payments where stripe_charge_id = ${id}`;
  }
}

/** Words as prefixes, quoted so that none is read as an operator. */
function byWords(query: string): SQL {
  const words = query.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  if (words.length === 0) return sql``;
  const wanted = words.map((word) => `'${word}':*`).join(' & ');
  return sql`union all select id from tenants
    where to_tsvector('simple', name) @@ to_tsquery('simple', ${wanted})`;
}

const escaped = (text: string) => text.replace(/[\\%_]/g, '\\$&');
