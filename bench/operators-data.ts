import { Client } from 'pg';
import type { Database } from '../src/db/client.ts';

/** What is written in bulk, and read by the operator's page. */
const FILLED = [
  'users',
  'memberships',
  'subscriptions',
  'payments',
  'refunds',
  'credit_purchases',
  'statements',
  'mrr_movements',
  'stripe_events',
  'alerts',
  'mail_outbox',
  'audit_log',
];

/** Everything of a tenant follows from its number `n`, so that rows of all tables find each other. */
const idOf = (kind: string, n: string) =>
  `overlay(overlay(md5('${kind}' || ${n}) placing '4' from 13) placing '8' from 17)::uuid`;

/** Of a hundred tenants: 35 never subscribed, 35 pay, 5 owe, 5 try, 20 have left. */
const STATE = `case when n % 100 < 35 then null when n % 100 < 70 then 'active'
  when n % 100 < 75 then 'past_due' when n % 100 < 80 then 'trialing' else 'canceled' end`;
const PRICE = `case when n % 5 = 0 then 9900 else 2900 end`;
const CURRENCY = `case when n % 10 = 0 then 'usd' else 'cny' end`;
/** Some instant of the last two years, the larger numbers the newer. */
const SINCE = `now() - interval '730 days' * (1 - n::float8 / $1)`;

/** Twelve months of what an installation of `tenants` tenants leaves behind in the tables that operators read. */
export async function fillForOperators(
  { url }: Pick<Database, 'url'>,
  tenants: number,
): Promise<void> {
  // Of its own: what is written here takes longer than a pool lets a query take.
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(`set synchronous_commit = off; set maintenance_work_mem = '256MB'`);
    await client.query(
      `insert into tenants (id, name, plan, stripe_customer_id, synced_at, created_at, deleted_at)
       select ${idOf('tenant', 'n')},
         (array['Amber', 'Birch', 'Cedar', 'Delta', 'Ember', 'Falcon', 'Granite', 'Harbor', 'Iris', 'Juniper'])[1 + n % 10]
           || ' ' || (array['Studio', 'Labs', 'Press', 'Games', 'Works', 'Theatre', 'House'])[1 + n % 7] || ' team ' || n,
         (case when n % 100 between 35 and 79 then case when n % 5 = 0 then 'team' else 'pro' end else 'free' end)::plan,
         case when n % 100 >= 35 then 'cus_bench' || n end, now(), ${SINCE},
         case when n % 200 = 1 then now() end
       from generate_series(1, $1::int) n`,
      [tenants],
    );
    // Rows that fit each other by construction: no key of another table needs to be looked up for them.
    await client.query(`set session_replication_role = replica`);
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `select indexname as name, indexdef as definition from pg_indexes
       where schemaname = 'public' and tablename = any($1)
         and not exists (select from pg_constraint where conname = indexname)`,
      [FILLED],
    );
    // An index is built of all rows in a fraction of the time that it takes to grow.
    for (const { name } of indexes) await client.query(`drop index "${name}"`);
    for (const statement of statements()) await client.query(statement, [tenants]);
    for (const { definition } of indexes) await client.query(definition);
    await client.query(`set session_replication_role = default`);
    await client.query(
      `insert into business_months (month, currency, name, minor, count)
       select month, currency, name, minor, count from business_counted()`,
    );
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

function statements(): string[] {
  const people = `generate_series(1, $1::int) n`;
  const months = `generate_series(1, $1::int) n, generate_series(0, 11) m`;
  return [
    `insert into users (id, tenant_id, email, password_hash, display_name, role, created_at)
     select ${idOf('user', 'n')}, ${idOf('tenant', 'n')},
       (array['mei', 'wei', 'ana', 'tom', 'lin', 'eva', 'max', 'zoe'])[1 + n % 8] || '.' || n || '@example.com',
       'none', 'Person ' || n, 'owner', ${SINCE}
     from ${people}`,
    `insert into memberships (tenant_id, user_id, role, joined_at)
     select ${idOf('tenant', 'n')}, ${idOf('user', 'n')}, 'owner', ${SINCE} from ${people}`,
    `insert into subscriptions (id, tenant_id, plan, status, stripe_status, stripe_subscription_id,
       stripe_customer_id, stripe_price_id, "interval", current_period_start, current_period_end,
       trial_end, ended_at, stripe_created_at, synced_at, created_at)
     select ${idOf('subscription', 'n')}, ${idOf('tenant', 'n')},
       (case when n % 5 = 0 then 'team' else 'pro' end)::plan, state::status, state, 'sub_bench' || n,
       'cus_bench' || n, 'price_bench', 'month', now() - interval '10 days', now() + interval '20 days',
       case when n % 3 = 0 or state = 'trialing' then ${SINCE} + interval '7 days' end,
       case when state = 'canceled' then now() - interval '10 days' end, ${SINCE}, now(), ${SINCE}
     from (select n, ${STATE} as state from ${people}) s where state is not null`,
    `insert into payments (id, tenant_id, subscription_id, stripe_invoice_id, stripe_subscription_id,
       stripe_customer_id, stripe_payment_intent_id, stripe_charge_id, number, status, amount_due_minor,
       amount_paid_minor, amount_remaining_minor, tax_minor, currency, reason, paid_at, attempt_count,
       created_at, synced_at)
     select ${idOf('payment', `n || '-' || m`)}, ${idOf('tenant', 'n')}, ${idOf('subscription', 'n')},
       'in_bench' || n || 'x' || m, 'sub_bench' || n, 'cus_bench' || n, 'pi_bench' || n || 'x' || m,
       'ch_bench' || n || 'x' || m, 'BENCH' || n || '-' || lpad(m::text, 4, '0'),
       (case when isopen then 'open' else 'paid' end)::invoice_status, ${PRICE},
       case when isopen then 0 else ${PRICE} end, case when isopen then ${PRICE} else 0 end,
       ${PRICE} / 11, ${CURRENCY}, 'subscription_cycle', case when not isopen then at end,
       case when isopen or (n + m) % 40 = 0 then 2 else 1 end, at, now()
     from (select n, m, now() - (m * 30 + n % 30) * interval '1 day' - n % 86400 * interval '1 second' as at,
         m = 0 and n % 100 between 70 and 74 as isopen
       from ${months} where n % 100 between 35 and 74 or n % 100 >= 80 and m >= 6) p`,
    `insert into payments (id, tenant_id, stripe_invoice_id, stripe_customer_id, stripe_payment_intent_id,
       number, status, amount_due_minor, amount_paid_minor, currency, reason, paid_at, attempt_count,
       created_at, synced_at)
     select ${idOf('usage', 'n')}, ${idOf('tenant', 'n')}, 'in_usage' || n, 'cus_bench' || n, 'pi_usage' || n,
       'USE' || n, 'paid', 1900, 1900, ${CURRENCY}, 'manual', at, 1, at, now()
     from (select n, now() - n % 360 * interval '1 day' as at from ${people} where n % 5 = 4) p`,
    `insert into credit_purchases (tenant_id, pack_id, pack_version, state, credits, bonus, valid_days,
       amount_minor, currency, stripe_customer_id, stripe_price_id, locale, expires_at,
       stripe_payment_intent_id, stripe_invoice_id, paid_at)
     select ${idOf('tenant', 'n')}, 'small', 1, 'granted', 100, 0, 365, 1900, ${CURRENCY}, 'cus_bench' || n,
       'price_pack', 'en', now(), 'pi_usage' || n, 'in_usage' || n, now()
     from ${people} where n % 10 = 4`,
    `insert into statements (tenant_id, kind, period, seq_from, seq_to, state, currency, amount_minor,
       carried_in_minor, micro, rows, sha256, previous_sha256, closed_at, stripe_invoice_id, invoice_number)
     select ${idOf('tenant', 'n')}, 'month', '2026-01', 1, 10, 'paid', ${CURRENCY}, 1900, 0, 19000000, 10,
       md5(n::text), '', now(), 'in_usage' || n, 'USE' || n
     from ${people} where n % 10 = 9`,
    `insert into refunds (tenant_id, payment_id, stripe_refund_id, amount_minor, currency, status, created_at, synced_at)
     select tenant_id, id, 're_' || stripe_invoice_id, 1 + amount_paid_minor / 2, currency,
       case when attempt_count > 1 then 'failed' else 'succeeded' end, paid_at + interval '1 day', now()
     from payments where status = 'paid' and hashtext(stripe_invoice_id) % 50 = 0 and $1::int > 0`,
    `insert into mrr_movements (tenant_id, at, kind, currency, before_minor, after_minor)
     select ${idOf('tenant', 'n')}, at, kind, ${CURRENCY}, before, after
     from (
       select n, ${SINCE} as at, 'new' as kind, 0 as before, 2900 as after from ${people}
         where n % 100 between 35 and 74 or n % 100 >= 80
       union all select n, now() - n % 300 * interval '1 day', 'expansion', 2900, 9900 from ${people}
         where n % 5 = 0 and n % 100 between 35 and 74
       union all select n, now() - n % 300 * interval '1 day', 'churn', 2900, 0 from ${people}
         where n % 100 >= 80) m
     order by at`,
    `insert into stripe_events (id, type, object_id, stripe_customer_id, livemode, payload,
       stripe_created_at, received_at, state, attempts, next_attempt_at, processed_at)
     select 'evt_bench' || n || 'x' || m, 'invoice.paid', 'in_bench' || n || 'x' || m, 'cus_bench' || n, false,
       jsonb_build_object('id', 'evt_bench' || n || 'x' || m), at, at, state::stripe_event_state, 1,
       now() + interval '1 year', case when state in ('processed', 'ignored') then at end
     from (select n, m, now() - (m * 30 + n % 30) * interval '1 day' - n % 86400 * interval '1 second' as at,
         case when n % 5000 = 50 and m < 2 then 'dead' when n % 5000 = 51 and m < 2 then 'received'
           when n % 1000 = 52 then 'ignored' else 'processed' end as state
       from ${months} where n % 100 >= 35 and m % 2 = 0) e`,
    `insert into alerts (tenant_id, kind, subject_id, message, raised_at, last_raised_at, resolved_at)
     select ${idOf('tenant', 'n')}, 'duplicate_subscription', 'sub_bench' || n, 'Bench', at, at,
       case when n % 500 <> 0 then at + interval '1 hour' end
     from (select n, ${SINCE} as at from ${people} where n % 5 = 0) a`,
    `insert into mail_outbox (tenant_id, kind, subject_id, attempt, recipient, locale, created_at, sent_at,
       send_attempts, next_send_at, failed_at)
     select ${idOf('tenant', 'n')}, 'payment_failed', 'in_bench' || n, m, n || '@example.com', 'en', at,
       case when n % 1000 > 1 then at end, 1, case when n % 1000 = 0 then now() + interval '1 year' end,
       case when n % 1000 = 1 then at end
     from (select n, m, now() - (m * 30 + n % 30) * interval '1 day' as at from ${months} where m % 4 = 0) m`,
    `insert into audit_log (tenant_id, actor_kind, actor_id, action, subject_id, cause, created_at)
     select ${idOf('tenant', 'n')}, 'system', 'bench', 'subscription.synced', 'sub_bench' || n, 'bench',
       now() - (m * 30 + n % 30) * interval '1 day'
     from ${months} where m % 3 = 0`,
    `insert into audit_log (actor_kind, actor_id, action, subject_id, cause, created_at)
     select 'service', 'mei@example.com', 'operator.viewed', ${idOf('tenant', 'n')}::text, 'bench', ${SINCE}
     from ${people} where n % 2 = 0`,
    `insert into u00.credit_grants (tenant_id, id, origin, origin_ref, class, amount_micro, left_micro,
       effective_at, expires_at, actor, reason, created_at)
     select ${idOf('tenant', 'n')}, ${idOf('grant', 'n')}, 'goodwill', 'bench', (n % 2)::smallint, 100000000,
       case when n % 4 = 0 then 0 else 50000000 end, now() - interval '30 days',
       now() + case when n % 7 = 0 then -1 else 90 end * interval '1 day', 'bench', 'bench', now()
     from ${people} where n % 3 = 0`,
  ];
}
