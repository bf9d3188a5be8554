import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { bucketSchema } from '../../../buckets.ts';
import { databaseCode, violatedConstraint } from '../../../database-error.ts';
import { listPartitions } from '../../../buckets/make-bucket.ts';
import { findPlaces, placeLock } from './placement.ts';

/** Rather than stand in the way of others, who would queue behind it, a move comes again. */
const LOCK_WITHIN_MS = 2_000;
const PAUSE_MS = 100;
/** An archive of a large month, for which moves wait, may take some minutes. */
const ATTEMPTS_MAX = 1_000;
/** Somebody else moved the tenant since it was looked up. */
const MOVED = 'UB003';
/** A lock was not had, a deadlock, a table that an archive took away meanwhile. */
const COME_AGAIN = new Set([MOVED, '55P03', '40P01', '40001', '42P01', 'XX000']);
/** The bucket that it goes to lacks a month that it has. */
const NO_PARTITION = 'UB004';
/** So is it told of a month that began after that was looked at. */
const CHECK_VIOLATION = '23514';

/** Written under the lock of a tenant's copy, counter or account alone, those that others refer to first. */
const UNDER_LOCK = [
  ...['usage_tenants', 'usage_totals', 'usage_member_limits', 'usage_member_totals', 'allowances'],
  ...['credit_accounts', 'usage_days', 'credit_grants', 'credit_draws', 'credit_changes'],
  ...['reservation_sources', 'overage_periods', 'overage_consents', 'overage_bills'],
];

/** Only ever added to, and nearly all that there is of a tenant. */
const ADDED_TO = [
  { name: 'usage', key: ['period', 'id'] },
  { name: 'usage_idempotency', key: ['key'] },
];
const ADDED_NAMES = ADDED_TO.map(({ name }) => name);

/** Also written without it. */
const WITHOUT_LOCK = ['usage_reservations', 'usage_thresholds', 'overage_notices'];

/** Every table of a bucket that has rows of tenants. */
export const MOVED_TABLES: readonly string[] = [...UNDER_LOCK, ...ADDED_NAMES, ...WITHOUT_LOCK];

const list = (names: readonly string[]) => `array[${names.map(pg.escapeLiteral).join(', ')}]`;

/**
 * Moves all of a tenant's metering into the bucket `to`, in one transaction, while it is used. Calls
 * wait for its counters, and find them in the other bucket then. False when it was there already.
 * `client` is in no transaction.
 */
export async function moveTenant(
  client: pg.ClientBase,
  tenantId: string,
  to: number,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const from = await findBucket(client, tenantId);
    if (from === undefined || from === to) return false;
    try {
      await client.query(moving(tenantId, from, to));
      return true;
    } catch (error) {
      const code = databaseCode(error) ?? '';
      const noPartition =
        code === NO_PARTITION ||
        (code === CHECK_VIOLATION && violatedConstraint(error) === undefined);
      if (attempt === ATTEMPTS_MAX || !(noPartition || COME_AGAIN.has(code))) throw error;
      if (noPartition) await copyPartitions(client, from, to);
      else await pause(PAUSE_MS);
    }
  }
}

/**
 * One statement, which is a transaction: under load each further round trip would keep the tenant's
 * calls waiting for as long as this process waits for a processor.
 *
 * Ledger and keys are copied twice: before the tenant is locked what there is by then, which takes nearly
 * all of the time, and under the lock what came meanwhile.
 *
 * It takes its locks in the order in which everybody does: the list of buckets (an archive keeps
 * tenants where they are by it), the catalogue (its change goes through bucket after bucket), the
 * tenant's place (whoever tells a bucket on another server keeps it), its row of the main tables, its
 * copy, its counters, its credits. What is written under the lock of a counter alone is copied, then
 * deleted; the counters come first and go last, since the others refer to them.
 * What is also written without that lock is deleted and copied at once, in its last version. What the bucket
 * that it leaves was not told yet the other is told, which need not lie where somebody would tell it. Columns go
 * by name, for tables that were changed have another order, and each bucket has types of its own.
 */
function moving(tenantId: string, from: number, to: number): string {
  const [source, target] = [bucketSchema(from), bucketSchema(to)];
  return `do $move$
    declare
      v_tenant uuid := ${pg.escapeLiteral(tenantId)};
      v_table text;
      v_names text;
      v_values text;
      v_is_here boolean;
      v_untold record;
    begin
      perform set_config('lock_timeout', '${LOCK_WITHIN_MS}', true);
      -- What is sorted of a long ledger goes to no file.
      perform set_config('work_mem', '64MB', true);
      perform from metering_buckets where number = ${to} for share;
      if not found then raise exception 'There is no bucket ${target}.'; end if;
      select bucket_schema(number) into v_table from metering_buckets
      where number in (${from}, ${to}) and node is not null;
      if found then
        raise exception '% lies on a server of its own: tenants are not moved from server to server.',
          v_table;
      end if;
      v_is_here := not exists (
        select from bucket_nodes() where number in (${from}, ${to}) and node is not null);

      for v_pass in 1 .. 2 loop
        if v_pass = 2 then
          ${lockTenant(tenantId, from)}
        end if;

        -- What its holds will be settled with needs a partition too.
        for v_table in
          select distinct 'usage_' || replace(period, '-', '_') from ${source}.usage_totals
          where tenant_id = v_tenant
        loop
          if to_regclass('${source}.' || v_table) is not null
            and to_regclass('${target}.' || v_table) is null
          then
            raise exception 'a month is missing' using errcode = '${NO_PARTITION}';
          end if;
        end loop;

        foreach v_table in array case v_pass when 1 then ${list(ADDED_NAMES)}
          else ${list(MOVED_TABLES)} end
        loop
          select string_agg(format('%I', a.attname), ', '),
            string_agg(case when y.typnamespace = '${source}'::regnamespace
              then format('%I::text::${target}.%I', a.attname, y.typname)
              else format('%I', a.attname) end, ', ')
          into v_names, v_values
          from pg_attribute a
          join pg_type y on y.oid = a.atttypid
          where a.attrelid = ('${source}.' || v_table)::regclass and a.attnum > 0
            and not a.attisdropped;
          execute case
            when v_table = any(${list(WITHOUT_LOCK)})
            then format('with moved as (delete from ${source}.%1$I where tenant_id = $1 returning *)
              insert into ${target}.%1$I (%2$s) select %3$s from moved', v_table, v_names, v_values)
            else format('insert into ${target}.%1$I (%2$s) select %3$s from ${source}.%1$I as here
              where tenant_id = $1 %4$s %5$s', v_table, v_names, v_values,
              case when v_pass = 2 and v_is_here then
                case v_table ${whereNotThere(target)} else '' end else '' end,
              case v_table when 'usage_totals' then 'order by period, resource_type'
                when 'usage_idempotency' then 'order by key' else '' end
              -- Between two servers nothing is compared before it is sent.
              || case when v_pass = 2 and not v_is_here and v_table = any(${list(ADDED_NAMES)})
                then ' on conflict do nothing' else '' end)
          end using v_tenant;
        end loop;
      end loop;

      foreach v_table in array ${list([...UNDER_LOCK, ...ADDED_NAMES].toReversed())}
      loop
        execute format('delete from ${source}.%I where tenant_id = $1', v_table) using v_tenant;
      end loop;
      update tenants set usage_bucket = ${to} where id = v_tenant;
      ${tellTarget(target)}
    end $move$`;
}

/** Nobody uses the tenant from here on, and it is not moved by another. */
function lockTenant(tenantId: string, from: number): string {
  const source = bucketSchema(from);
  return `lock table plan_limits in share mode;
          perform pg_advisory_xact_lock(hashtextextended(${pg.escapeLiteral(placeLock(tenantId))}, 0));
          perform from tenants t where id = v_tenant and t.usage_bucket = ${from} for no key update;
          if not found then raise exception 'moved meanwhile' using errcode = '${MOVED}'; end if;
          perform from ${source}.usage_tenants where tenant_id = v_tenant for update;
          perform from ${source}.usage_totals where tenant_id = v_tenant
          order by period, resource_type for update;
          perform from ${source}.credit_accounts where tenant_id = v_tenant for update;`;
}

/** What of the tenant waits to be told where it was, told where it is. */
function tellTarget(target: string): string {
  return `for v_untold in
        select e.*, c.changed_at from metering_copies c cross join tenant_entitlement(v_tenant) e
        where c.tenant_id = v_tenant
      loop
        perform ${target}.usage_put_tenant(v_tenant, v_untold.version, v_untold.plan, v_untold.limits,
          v_untold.base_plan, v_untold.base_limits, v_untold.share_from, v_untold.share_until,
          v_untold.deleted_at, v_untold.rates, v_untold.overage, v_untold.rollover, v_untold.changed_at);
      end loop;
      delete from metering_copies where tenant_id = v_tenant;`;
}

/** By table the condition that a row was not copied before. */
function whereNotThere(target: string): string {
  return ADDED_TO.map(({ name, key }) => {
    const same = key.map((column) => `there.${column} = here.${column}`).join(' and ');
    return `when '${name}' then 'and not exists (select from ${target}.${name} as there
      where there.tenant_id = $1 and ${same})'`;
  }).join('\n');
}

async function findBucket(client: pg.ClientBase, tenantId: string): Promise<number | undefined> {
  return (await findPlaces(client, [tenantId])).get(tenantId)?.bucket;
}

async function copyPartitions(client: pg.ClientBase, from: number, to: number): Promise<void> {
  for (const period of await listPartitions(client, bucketSchema(from))) {
    await client.query(`select ${bucketSchema(to)}.usage_ensure_partition($1)`, [period]);
  }
}
