import { NO_ID } from '../../../../domain/ids.ts';
import type { Period } from '../../../../domain/period.ts';
import type { Limit, ResourceType } from '../../../../domain/quota.ts';
import type { Bucket } from '../bucket.ts';

/** A counter whose limit is another than what plan and allowances make. */
export interface LimitDifference {
  /** The bucket's schema. */
  bucket: string;
  tenantId: string;
  period: Period;
  resourceType: ResourceType;
  limit: Limit;
  ought: Limit;
}

/** A pass over all counters may take minutes; it runs at night, on one connection. */
const WITHIN_MS = 1_800_000;
const AT_ONCE = 1_000;

type Found = Pick<LimitDifference, 'tenantId' | 'period' | 'resourceType'> &
  Record<'limit' | 'ought', string | null>;

/**
 * Where limits do not agree with allowances, of every month, and with the plan, of each tenant's newest: what
 * the plan was before is not known any more, nor, of a month before it was changed, what it is now.
 */
export async function listLimitDifferences(bucket: Bucket): Promise<LimitDifference[]> {
  const found = await listAllowed(bucket);
  for (let after: string | undefined = NO_ID; after !== undefined;) {
    const page = await listNewest(bucket, after);
    for (const one of await differingFromPlan(bucket, page.rows)) found.push(one);
    after = page.last;
  }
  return found.map((one) => ({
    ...one,
    bucket: bucket.schema,
    limit: one.limit === null ? null : Number(one.limit),
    ought: one.ought === null ? null : Number(one.ought),
  }));
}

/** Those whose allowance is not what the month's allowances make of the rest of the limit. */
async function listAllowed({ schema, client }: Bucket): Promise<Found[]> {
  const config = {
    query_timeout: WITHIN_MS,
    text: `with sums as (
        select tenant_id, period, resource_type, sum(units) as units
        from ${schema}.allowances group by tenant_id, period, resource_type
      ), judged as (
        select t.*, case when t."limit" > t.allowance
          then greatest(t.allowance - t."limit", coalesce(s.units, 0)) else 0 end as allowed
        from ${schema}.usage_totals t
        left join sums s using (tenant_id, period, resource_type)
      )
      select tenant_id as "tenantId", period, resource_type as "resourceType", "limit",
        "limit" - allowance + allowed as ought
      from judged where allowance <> allowed
      order by tenant_id, period, resource_type`,
  };
  return (await client.query<Found>(config)).rows;
}

interface Newest {
  /** The tenant's copy, as text: JavaScript would round its numbers. */
  tenant: string;
  period: Period;
  resource: ResourceType;
  limit: string | null;
  allowance: string;
}

/** The counters of the newest months of some tenants, rising, and the last of these. */
async function listNewest({ schema, client }: Bucket, after: string) {
  const { rows } = await client.query<Newest & { id: string }>({
    text: `select n.tenant_id as id, to_jsonb(n)::text as tenant, c.period,
        c.resource_type as resource, c."limit", c.allowance
      from (
        select * from ${schema}.usage_tenants where tenant_id > $1 order by tenant_id limit $2
      ) as n
      left join ${schema}.usage_totals c on c.tenant_id = n.tenant_id
        and c.period = (
          select max(m.period) from ${schema}.usage_totals m where m.tenant_id = n.tenant_id)
        and c.period >= coalesce(to_char(n.since at time zone 'UTC', 'YYYY-MM'), c.period)
      order by n.tenant_id, c.resource_type`,
    values: [after, AT_ONCE],
  });
  return { rows: rows.filter(({ period }) => period !== null), last: rows.at(-1)?.id };
}

/** Asked apart: Citus gives a function that is called over a table the worker's rows, which it cannot take. */
async function differingFromPlan(
  { schema, client }: Bucket,
  rows: readonly Newest[],
): Promise<Found[]> {
  if (rows.length === 0) return [];
  const { rows: found } = await client.query<Found>({
    text: `select e.tenant_id as "tenantId", o.period, o.resource as "resourceType", o.units as "limit",
        w.own + o.allowance as ought
      from unnest($1::jsonb[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        with ordinality as o(tenant, period, resource, units, allowance, n)
      cross join jsonb_populate_record(null::${schema}.usage_tenants, o.tenant) as e
      cross join lateral (
        select ${schema}.usage_limit_of(e, o.period, o.resource::${schema}.resource_type) as own
      ) as w
      where o.units is distinct from w.own + o.allowance
      order by o.n`,
    values: [
      rows.map(({ tenant }) => tenant),
      rows.map(({ period }) => period),
      rows.map(({ resource }) => resource),
      rows.map(({ limit }) => limit),
      rows.map(({ allowance }) => allowance),
    ],
  });
  return found;
}
