import type { Pool } from 'pg';
import type { Database } from '../../src/db/client.ts';
import { syncEntitlement } from '../../src/server/services/usage/routing/bucket-sync.ts';
import { schemaOf } from './buckets.ts';

interface Agreed {
  capMinor?: number;
  currency?: string;
  at: Date;
}

/** A tenant agrees to overage at the price that it is shown, of the plan that it has by now. */
export async function agreeToOverage(
  database: Database,
  tenantId: string,
  { capMinor = 100_000, currency = 'cny', at }: Agreed,
): Promise<void> {
  const { pool } = database;
  // A bucket that is not on the main server is told by a job.
  const told = await pool.query('select from metering_copies where tenant_id = $1', [tenantId]);
  if (told.rowCount !== 0) await syncEntitlement(database, tenantId);
  const schema = await schemaOf(pool, tenantId);
  const { rows } = await pool.query<{ refused: string | null }>(
    `select ${schema}.credit_overage_set($1, true, $2, $3,
       (select (overage ->> 'minorPerCredit')::numeric from ${schema}.usage_tenants where tenant_id = $1),
       '{50,80,100}', 'test', $4) as refused`,
    [tenantId, capMinor, currency, at],
  );
  if (rows[0]!.refused !== null) throw new Error(`Overage was refused: ${rows[0]!.refused}`);
}

/** How an account stands: its bills by ref, what is unpaid without what is loaded, and why it rests. */
export async function overageOf(pool: Pool, tenantId: string) {
  const schema = await schemaOf(pool, tenantId);
  const { rows } = await pool.query<{
    unpaid: string;
    suspended: string | null;
    isOn: boolean;
    lapsed: string | null;
  }>(
    `select unpaid_micro - overage_left as unpaid, overage_suspended as suspended,
       overage_on as "isOn", overage_lapsed as lapsed
     from ${schema}.credit_accounts where tenant_id = $1`,
    [tenantId],
  );
  const bills = await pool.query<{ ref: string; micro: string; state: string }>(
    `select ref, micro, state from ${schema}.overage_bills where tenant_id = $1`,
    [tenantId],
  );
  return {
    ...rows[0]!,
    unpaid: Number(rows[0]!.unpaid),
    bills: new Map(bills.rows.map(({ ref, micro, state }) => [ref, [Number(micro), state]])),
  };
}

/** Movements of overage that nobody made by using anything: `count` of a message each. */
export async function plantOverage(pool: Pool, tenantId: string, count: number, at: Date) {
  const schema = await schemaOf(pool, tenantId);
  await pool.query(
    `with account as (
       insert into ${schema}.credit_accounts as a (tenant_id, last_seq, unpaid_micro, updated_at)
       values ($1, $2, $2::bigint * 100000, $3)
       on conflict (tenant_id) do update set last_seq = a.last_seq + $2,
         unpaid_micro = a.unpaid_micro + $2::bigint * 100000
       returning last_seq - $2 as before
     ), month as (
       insert into ${schema}.overage_periods as o (tenant_id, period, currency, minor_per_credit,
         cap_minor, used_micro)
       values ($1, to_char($3::timestamptz at time zone 'UTC', 'YYYY-MM'), 'cny', 12, 1000000,
         $2::bigint * 100000)
       on conflict (tenant_id, period, currency, minor_per_credit) do update
       set used_micro = o.used_micro + excluded.used_micro
     )
     insert into ${schema}.credit_draws (tenant_id, seq, period, kind, resource_type, rate_micro,
       units, micro, currency, minor_per_credit, drawn_at)
     select $1, before + n, to_char($3::timestamptz at time zone 'UTC', 'YYYY-MM'), 'overage',
       'messages', 100000, 1, 100000, 'cny', 12, $3
     from account, generate_series(1, $2::int) n`,
    [tenantId, count, at],
  );
}
