import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, type Database } from '../src/db/client.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/db/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';

/** The month everything happens in; the clock of the benchmark stands in it. */
export const PERIOD = '2026-05';
export const NOW = new Date('2026-05-28T12:00:00Z');
export const TENANTS = 1_000;

export interface BenchServer {
  /** A migrated database of this server, with its tenants and their counters open. */
  open(name: string, tenants?: number): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

export interface BenchDatabase extends Database {
  tenants: string[];
}

/** A PostgreSQL of its own, durable as in production (fsync and synchronous_commit are on). */
export async function startBenchServer(): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'squaretable-bench-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  const server = await startEmbeddedPostgres({ dataDir }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const opened: Database[] = [];
  return {
    async open(name, tenants = TENANTS) {
      const database = await openBenchDatabase(server, name, tenants);
      opened.push(database);
      return database;
    },
    async stop() {
      for (const database of opened) await database.close();
      await server.stop();
      remove();
    },
  };
}

async function openBenchDatabase(
  server: EmbeddedPostgres,
  name: string,
  tenants: number,
): Promise<BenchDatabase> {
  const admin = openDatabase({ url: server.url('postgres'), max: 1 });
  await admin.pool.query(`create database ${name}`);
  await admin.close();
  await migrateDatabase(server.url(name));
  const database = openDatabase({ url: server.url(name), max: 20, answerWithinMs: 60_000 });
  const { pool } = database;
  await raiseLimits(database);
  await pool.query(
    `insert into tenants (name, plan) select 'Bench ' || n, 'team' from generate_series(1, $1) n`,
    [tenants],
  );
  await pool.query(`select u00.usage_ensure_partition($1)`, [PERIOD]);
  await pool.query(`select u00.usage_open($1, array(select id from tenants))`, [PERIOD]);
  const { rows } = await pool.query<{ id: string }>('select id from tenants order by id');
  return { ...database, tenants: rows.map((row) => row.id) };
}

/** Limits are checked on every call and never reached: what is measured is the checking. */
export async function raiseLimits({ pool }: Database): Promise<void> {
  await pool.query(
    `insert into plan_versions (plan, version, name, features, limits, published_at, carried_at)
     select plan, version + 1, name, features,
       (select jsonb_object_agg(key, 1000000000000) from jsonb_each(limits)), now(), now()
     from plan_versions where plan = 'team' and version = 1
     on conflict do nothing`,
  );
  await pool.query(
    `update tenants set entitlement_version = entitlement_version + 1 where plan = 'team'`,
  );
}

/**
 * Writes `rows` ledger rows over the first `tenants` (all unless told) and the `months` months up to the present, with their
 * keys when `keyed`, counters and days, as if they had been metered.
 */
export async function loadLedger(
  { pool }: Database,
  rows: number,
  options: { months: number; keyed: boolean; tenants?: number },
): Promise<void> {
  for (let back = options.months - 1; back >= 0; back -= 1) {
    const period = monthsBefore(PERIOD, back);
    await pool.query(`select u00.usage_open($1, array(select id from tenants))`, [period]);
    const rowsOfMonth = Math.round(rows / options.months);
    await loadMonth(pool, period, rowsOfMonth, options.tenants ?? TENANTS);
  }
  if (options.keyed) {
    await pool.query(`
      insert into u00.usage_idempotency
        (tenant_id, key, fingerprint, accepted, used, "limit", remaining, created_at)
      select tenant_id, idempotency_key, 1, true, 1, null, null, created_at from u00.usage`);
  }
  await pool.query('vacuum analyze');
  await pool.query('checkpoint');
}

/** A month is written before it is indexed and attached, which is several times as fast. */
async function loadMonth(
  pool: Database['pool'],
  period: string,
  rows: number,
  tenants: number,
): Promise<void> {
  const table = `u00.usage_${period.replace('-', '_')}`;
  await pool.query(`drop table if exists ${table}`);
  await pool.query(
    `create table ${table} (like u00.usage including defaults including constraints)`,
  );
  await pool.query(
    `with t as (select array_agg(id order by id) as ids from tenants)
     insert into ${table}
       (tenant_id, period, resource_type, amount, idempotency_key, occurred_at, created_at)
     select ids[1 + n % ${tenants}], $1, 'messages', 1, 'loaded-' || $1 || '-' || n, at, at
     from t, generate_series(1, $2::int) n,
       lateral (select ($1 || '-01')::timestamptz + (n::float8 / $2 * 27) * interval '1 day') d(at)`,
    [period, rows],
  );
  await pool.query(`alter table ${table} add primary key (tenant_id, period, id)`);
  await pool.query(`alter table u00.usage attach partition ${table} for values in ('${period}')`);
  await pool.query(
    `with sums as (
       select tenant_id, extract(day from occurred_at at time zone 'UTC')::int as day,
         count(*) as amount
       from ${table} group by 1, 2
     ), days as (
       insert into u00.usage_days (tenant_id, period, resource_type, day, amount)
       select tenant_id, $1, 'messages', day, amount from sums
     )
     update u00.usage_totals t
     set used = s.amount, day = 28, day_used = 0
     from (select tenant_id, sum(amount) as amount from sums group by 1) s
     where t.tenant_id = s.tenant_id and t.period = $1 and t.resource_type = 'messages'`,
    [period],
  );
}

function monthsBefore(period: string, months: number): string {
  const date = new Date(`${period}-01T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - months);
  return date.toISOString().slice(0, 7);
}
