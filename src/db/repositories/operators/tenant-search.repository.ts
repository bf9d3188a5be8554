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
  const isBehind =
    after === undefined
      ? sql`true`
      : sql`(t.created_at, t.id) < (select a.created_at, a.id from tenants a where a.id = ${after})`;
  const found = (query === '' ? [sql`true`] : waysOf(query)).map(
    (isFound) => sql`(
      select t.id, t.created_at from tenants t where ${isFound} and ${isBehind}
      order by t.created_at desc, t.id desc limit ${limit})`,
  );
  const { rows } = await db.execute<FoundTenant>(sql`
    select t.id, t.name, t.plan, t.stripe_customer_id as "stripeCustomerId",
      t.created_at as "createdAt", t.deleted_at as "deletedAt", ${FIRST_OWNER} as owner
    from (
      select id from (${sql.join(found, sql` union `)}) as ways
      order by created_at desc, id desc limit ${limit}
    ) as page join tenants t on t.id = page.id
    order by t.created_at desc, t.id desc`);
  return rows.map((row) => ({
    ...row,
    createdAt: new Date(row.createdAt),
    deletedAt: row.deletedAt && new Date(row.deletedAt),
  }));
}

/**
 * The ways to find what a query means: what it looks like decides where it is looked for. Each finds a
 * page by itself, so that a word of many costs no more than one of few.
 */
function waysOf(query: string): SQL[] {
  const isId: boolean = isUuid(query);
  if (isId) {
    return [
      sql`t.id = ${query}::uuid`,
      sql`t.id in (select tenant_id from memberships where user_id = ${query})`,
    ];
  }
  const ofStripe = /^(cus|sub|in|ch|py|pi|evt)_\w+$/.exec(query);
  if (ofStripe) return byStripeId(ofStripe[1]!, query);
  return [
    ...byAddress(query),
    sql`t.id in (select tenant_id from payments where number = ${query})`,
    sql`t.id in (select tenant_id from statements where invoice_number = ${query})`,
    ...byWords(query),
  ];
}

function byStripeId(kind: string, id: string): SQL[] {
  const ofPayment = (column: string) =>
    sql`t.id in (select tenant_id from payments where ${sql.raw(column)} = ${id})`;
  switch (kind) {
    case 'cus':
      return [sql`t.stripe_customer_id = ${id}`];
    case 'sub':
      return [
        sql`t.id in (select tenant_id from subscriptions where stripe_subscription_id = ${id})`,
      ];
    case 'in':
      return [ofPayment('stripe_invoice_id')];
    case 'pi':
      return [
        ofPayment('stripe_payment_intent_id'),
        sql`t.id in (select tenant_id from credit_purchases where stripe_payment_intent_id = ${id})`,
      ];
    case 'evt':
      return [
        sql`t.stripe_customer_id = (select stripe_customer_id from stripe_events where id = ${id})`,
      ];
    default:
      return [ofPayment('stripe_charge_id')];
  }
}

/** As many as are looked up one by one. */
const FEW = 1_000;

/**
 * What few have is looked up in its index. What more have is left to going through the newest teams, of
 * which a page is soon found: the server cannot tell beforehand which of the two it is.
 */
function fewOrMany(found: (limit: number) => SQL, tenantsOf: (few: SQL) => SQL, isOne: SQL): SQL[] {
  return [
    sql`t.id in (${tenantsOf(found(FEW))})`,
    sql`(select count(*) from (${found(FEW + 1)}) as these) > ${FEW} and ${isOne}`,
  ];
}

/** The beginning of somebody's address. */
function byAddress(query: string): SQL[] {
  const begins = sql`u.email like ${`${escaped(query.toLowerCase())}%`}`;
  return fewOrMany(
    (limit) => sql`select u.id from users u where ${begins} limit ${limit}`,
    (few) => sql`
      select m.tenant_id from (${few}) as these join memberships m on m.user_id = these.id`,
    sql`(
      select true from memberships m join users u on u.id = m.user_id
      where m.tenant_id = t.id and ${begins} limit 1)`,
  );
}

/** Words as prefixes, quoted so that none is read as an operator. */
function byWords(query: string): SQL[] {
  const words = query.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  if (words.length === 0) return [];
  const wanted = words.map((word) => `'${word}':*`).join(' & ');
  const isNamed = (name: SQL) =>
    sql`to_tsvector('simple', ${name}) @@ to_tsquery('simple', ${wanted})`;
  return fewOrMany(
    (limit) => sql`select n.id from tenants n where ${isNamed(sql`n.name`)} limit ${limit}`,
    (few) => few,
    isNamed(sql`t.name`),
  );
}

const escaped = (text: string) => text.replace(/[\\%_]/g, '\\$&');
