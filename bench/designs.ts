import { Batcher } from '../src/server/services/usage/batching/batcher.ts';
import { createLog } from '../src/server/log.ts';
import { UsageService } from '../src/server/services/usage.service.ts';
import { NOW, PERIOD, type BenchDatabase } from './database.ts';

/** One way to meter: records one unit for a tenant and resolves when it is durable. */
export interface Design {
  name: string;
  call(tenantId: string): Promise<unknown>;
}

export type Keys = 'none' | 'ordered' | 'random';

const clock = { now: () => NOW };

export function usageServiceOf(database: BenchDatabase): UsageService {
  return new UsageService({ database, clock, log: createLog('silent', false) });
}

let calls = 0;
const run = Date.now().toString(36);

/** Keys as clients make them: growing with time (ULID, UUIDv7, request ids), or random. */
export function keyOf(keys: Keys): string | undefined {
  if (keys === 'none') return undefined;
  calls += 1;
  return keys === 'random'
    ? crypto.randomUUID()
    : `evt_${run}_${calls.toString(36).padStart(12, '0')}`;
}

/** Ours: limits, idempotency, counters, ledger, thresholds, the daily chart. */
export function ours(usage: UsageService, keys: Keys): Design {
  return {
    name: `ours, ${keys === 'none' ? 'no' : keys} keys`,
    call: (tenantId) =>
      usage.trackUsage({
        tenantId,
        resourceType: 'messages',
        amount: 1,
        idempotencyKey: keyOf(keys),
      }),
  };
}

/**
 * (a) The straightforward design: one SUM to check, one INSERT to record, no lock (so it does not
 * even hold its limit). Its table has the index that the SUM needs and the same rows as ours.
 */
export async function straightforward({ pool }: BenchDatabase): Promise<Design> {
  await pool.query(`
    create table plain_usage (
      id bigserial primary key,
      tenant_id uuid not null,
      period text not null,
      resource_type u00.resource_type not null,
      amount bigint not null,
      created_at timestamptz not null default now()
    )`);
  await pool.query(`
    insert into plain_usage (tenant_id, period, resource_type, amount, created_at)
    select tenant_id, period, resource_type, amount, created_at from u00.usage`);
  await pool.query(
    `create index plain_usage_idx on plain_usage (tenant_id, period, resource_type)
     include (amount)`,
  );
  await pool.query('vacuum analyze plain_usage');
  return {
    name: 'straightforward: SUM, then INSERT',
    async call(tenantId) {
      const { rows } = await pool.query<{ used: string }>({
        name: 'plain_sum',
        text: `select coalesce(sum(amount), 0) as used from plain_usage
               where tenant_id = $1 and period = $2 and resource_type = 'messages'`,
        values: [tenantId, PERIOD],
      });
      if (Number(rows[0]!.used) + 1 > 1e12) throw new Error('quota');
      await pool.query({
        name: 'plain_insert',
        text: `insert into plain_usage (tenant_id, period, resource_type, amount)
               values ($1, $2, 'messages', 1)`,
        values: [tenantId, PERIOD],
      });
    },
  };
}

/**
 * (b) The ceiling: a bare multi-row insert with counters, no limits, no idempotency, in one
 * statement, through the same queue as ours. Its ledger has our columns and primary key.
 */
export async function ceiling({ pool }: Pick<BenchDatabase, 'pool'>): Promise<Design> {
  const { rows } = await pool.query(`select to_regclass('bare_ledger') as made`);
  if (rows[0].made === null) await makeBareTables(pool);
  const insert = async (tenants: string[]) => {
    const counts = new Map<string, number>();
    for (const tenant of tenants) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
    await pool.query({
      name: 'bare_insert',
      text: `
        with rows as (
          insert into bare_ledger (tenant_id, period, resource_type, amount, occurred_at, created_at)
          select t, $4, 'messages', 1, $5, $5 from unnest($1::uuid[]) t
        )
        insert into bare_counters as c (tenant_id, period, resource_type, used)
        select t, $4, 'messages', n from unnest($2::uuid[], $3::int[]) g(t, n)
        on conflict (tenant_id, period, resource_type) do update
        set used = c.used + excluded.used`,
      values: [
        `{${tenants.join(',')}}`,
        `{${sorted.map(([tenant]) => tenant).join(',')}}`,
        `{${sorted.map(([, count]) => count).join(',')}}`,
        PERIOD,
        NOW.toISOString(),
      ],
    });
    return tenants.map(() => true);
  };
  const queue = new Batcher<string, boolean>({
    batchesMax: () => 2,
    callsMax: 1_000,
    waitingMax: 10_000,
    run: insert,
  });
  return {
    name: 'ceiling: bare INSERT with counters',
    call: (tenantId) => queue.submit(tenantId, tenantId),
  };
}

async function makeBareTables(pool: BenchDatabase['pool']): Promise<void> {
  await pool.query('create table bare_ledger (like u00.usage including all)');
  await pool.query(`
    create table bare_counters (
      tenant_id uuid, period text, resource_type u00.resource_type, used bigint not null,
      primary key (tenant_id, period, resource_type)
    ) with (fillfactor = 40)`);
  await pool.query('insert into bare_ledger select * from u00.usage');
  await pool.query(`
    insert into bare_counters select tenant_id, period, resource_type, used from u00.usage_totals
    on conflict do nothing`);
  await pool.query('vacuum analyze bare_ledger');
}
