import type pg from 'pg';
import type { Period } from '../../../domain/period.ts';
import type { ResourceType } from '../../../domain/quota.ts';
import type { Bucket, BucketConnection } from './bucket.ts';

/** A counter that is not what it counts. Units are the resource's. */
export interface Difference {
  /** The bucket's schema. */
  bucket: string;
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
  used: number;
  /** The sum of the ledger. */
  ledger: number;
  held: number;
  /** The sum of the open reservations. */
  reserved: number;
  /** The sum of the chart's days. */
  days: number;
}

/** Which counter. */
export type CounterName = Pick<Difference, 'bucket' | 'tenantId' | 'period' | 'resourceType'>;

/** A pass over a month's ledger may take minutes; it runs at night, on one connection. */
const WITHIN_MS = 1_800_000;

type Row = Record<'used' | 'ledger' | 'held' | 'reserved' | 'days', string> &
  Pick<Difference, 'tenantId' | 'period' | 'resourceType'>;

/** The months that have counters and whose ledger is here, newest first. */
export async function listVerifiablePeriods({ schema, client }: Bucket): Promise<Period[]> {
  const { rows } = await client.query<{ period: Period }>({
    text: `select distinct period from ${schema}.usage_totals
    where period not in (select period from ${schema}.usage_archives)
    order by period desc`,
  });
  return rows.map((row) => row.period);
}

/**
 * Where the books of a month do not balance. Each side is added up once, so the cost is one pass
 * over the month's ledger; one statement sees one instant, so calls under way do not show.
 */
export async function listDifferences(
  { schema, client }: Bucket,
  period: Period,
): Promise<Difference[]> {
  const { rows } = await client.query<Row>({
    query_timeout: WITHIN_MS,
    text: `with ledger as (
       select tenant_id, resource_type, sum(amount) as amount
       from ${schema}.usage where period = $1 group by tenant_id, resource_type
     ), reserved as (
       select tenant_id, resource_type, sum(amount) as amount
       from ${schema}.usage_reservations where period = $1 and state = 'open'
       group by tenant_id, resource_type
     ), days as (
       select tenant_id, resource_type, sum(amount) as amount
       from ${schema}.usage_days where period = $1 group by tenant_id, resource_type
     ), counters as (
       select tenant_id, resource_type, used, held, day_used
       from ${schema}.usage_totals where period = $1
     ), compared as (
       select tenant_id, resource_type, coalesce(c.used, 0) as used, coalesce(c.held, 0) as held,
         coalesce(l.amount, 0) as ledger, coalesce(r.amount, 0) as reserved,
         coalesce(c.day_used, 0) + coalesce(d.amount, 0) as days
       from counters c
       full join ledger l using (tenant_id, resource_type)
       full join reserved r using (tenant_id, resource_type)
       full join days d using (tenant_id, resource_type)
     )
     select tenant_id as "tenantId", $1 as period, resource_type as "resourceType", used, ledger,
       held, reserved, days
     from compared
     where used <> ledger or held <> reserved or used <> days
     order by tenant_id, resource_type`,
    values: [period],
  } as pg.QueryConfig);
  return rows.map((row) => ({
    ...row,
    bucket: schema,
    used: Number(row.used),
    ledger: Number(row.ledger),
    held: Number(row.held),
    reserved: Number(row.reserved),
    days: Number(row.days),
  }));
}

/**
 * Mends one counter from the ledger, the draws and the open reservations, its lock held from before they are
 * added up. Runs inside the caller's transaction.
 */
export async function rebuildCounter(
  { schema, client }: BucketConnection,
  { tenantId, period, resourceType }: CounterName,
  now: Date,
): Promise<void> {
  const group = [tenantId, period, resourceType];
  await client.query(`select ${schema}.usage_open($1, array[$2::uuid])`, [period, tenantId]);
  await client.query(
    `select from ${schema}.usage_totals
     where tenant_id = $1 and period = $2 and resource_type = $3
     for update`,
    group,
  );
  await client.query(
    `delete from ${schema}.usage_days where tenant_id = $1 and period = $2 and resource_type = $3`,
    group,
  );
  await client.query(
    `with days as (
       select extract(day from occurred_at at time zone 'UTC')::smallint as day,
         sum(amount)::bigint as amount
       from ${schema}.usage
       where tenant_id = $1 and period = $2 and resource_type = $3
       group by 1
     ), newest as (
       select greatest(t.day, (select max(day) from days)) as day
       from ${schema}.usage_totals t
       where tenant_id = $1 and period = $2 and resource_type = $3
     ), earlier as (
       insert into ${schema}.usage_days (tenant_id, period, resource_type, day, amount)
       select $1, $2, $3, d.day, d.amount
       from days d, newest n
       where d.day < n.day and d.amount <> 0
     )
     update ${schema}.usage_totals t
     set used = coalesce((select sum(amount) from days), 0),
       held = coalesce((
         select sum(amount) from ${schema}.usage_reservations r
         where r.tenant_id = $1 and r.period = $2 and r.resource_type = $3 and r.state = 'open'
       ), 0),
       beyond = coalesce((
         select sum(units) from ${schema}.credit_draws d
         where d.tenant_id = $1 and d.period = $2 and d.resource_type = $3
       ), 0),
       held_beyond = coalesce((
         select sum(amount - plan_units) from ${schema}.usage_reservations r
         where r.tenant_id = $1 and r.period = $2 and r.resource_type = $3 and r.state = 'open'
       ), 0),
       day = n.day,
       day_used = coalesce((select amount from days d where d.day = n.day), 0),
       updated_at = $4
     from newest n
     where t.tenant_id = $1 and t.period = $2 and t.resource_type = $3`,
    [...group, now],
  );
}
