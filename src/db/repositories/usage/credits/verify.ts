import type pg from 'pg';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { Bucket } from '../bucket.ts';
import { overageFaults, type OverageFault } from './overage-faults.ts';

/**
 * What in the books of credits does not agree: `beyond` a counter with the draws, `held_beyond` with
 * the open reservations, `priced` the draws of a month with their units by rate, `grant` what is left
 * of one with what came in and was drawn, `held` with what reservations hold of it, `numbers` the last
 * draw's number with how many there are, or with the largest where that is another, `late` what was drawn
 * of a grant at its end or after it, by work that held none of it before (of months that are not archived);
 * the others are those of overage.
 */
export type CreditFault =
  'beyond' | 'held_beyond' | 'priced' | 'grant' | 'held' | 'numbers' | 'late' | OverageFault;

export interface CreditDifference {
  fault: CreditFault;
  /** The bucket's schema. */
  bucket: string;
  tenantId: string;
  /** Of counters and draws. */
  period: Period | null;
  resourceType: ResourceType | null;
  grantId: string | null;
  /** Units of a counter, µcr of draws and grants, a count of numbers. */
  stands: number;
  adds: number;
}

/** A pass over all draws may take minutes; it runs at night, on one connection. */
const WITHIN_MS = 1_800_000;

/** Where the credits of a bucket do not balance; one statement sees one instant. */
export async function listCreditDifferences({
  schema,
  client,
}: Bucket): Promise<CreditDifference[]> {
  type Row = Omit<CreditDifference, 'stands' | 'adds' | 'bucket'> & {
    stands: string;
    adds: string;
  };
  const { rows } = await client.query<Row>({
    query_timeout: WITHIN_MS,
    text: `with drawn as (
        select tenant_id, period, resource_type, rate_micro, sum(units) as units, sum(micro) as micro
        from ${schema}.credit_draws where resource_type is not null
        group by tenant_id, period, resource_type, rate_micro
      ), used as (
        select tenant_id, period, resource_type, sum(units) as units
        from drawn group by tenant_id, period, resource_type
      ), open as (
        select tenant_id, period, resource_type, sum(amount - plan_units) as units
        from ${schema}.usage_reservations where state = 'open' and plan_units is not null
        group by tenant_id, period, resource_type
      ), moved as (
        select tenant_id, grant_id, sum(micro) as micro
        from ${schema}.credit_draws where grant_id is not null group by tenant_id, grant_id
      ), numbered as (
        select tenant_id, case when count(*) = max(seq) then count(*)
          else greatest(count(*), max(seq)) end as count
        from ${schema}.credit_draws group by tenant_id
      ), kept as (
        select tenant_id, grant_id, sum(micro) as micro
        from ${schema}.reservation_sources where grant_id is not null group by tenant_id, grant_id
      ), grants as (
        select g.tenant_id, g.id, g.held_micro, g.left_micro + g.held_micro
          + case when a.head_grant = g.id then a.head_left else 0 end as there
        from ${schema}.credit_grants g
        left join ${schema}.credit_accounts a on a.tenant_id = g.tenant_id
      )
      select 'beyond' as fault, tenant_id as "tenantId", period, resource_type as "resourceType",
        null::uuid as "grantId", coalesce(t.beyond, 0) as stands, coalesce(u.units, 0) as adds
      from ${schema}.usage_totals t full join used u using (tenant_id, period, resource_type)
      where coalesce(t.beyond, 0) <> coalesce(u.units, 0)
      union all
      select 'held_beyond', tenant_id, period, resource_type, null,
        coalesce(t.held_beyond, 0), coalesce(o.units, 0)
      from ${schema}.usage_totals t full join open o using (tenant_id, period, resource_type)
      where coalesce(t.held_beyond, 0) <> coalesce(o.units, 0)
      union all
      select 'priced', tenant_id, period, resource_type, null, micro, units * rate_micro
      from drawn where micro <> units * rate_micro
      union all
      select 'grant', g.tenant_id, null, null, g.id, g.there, -coalesce(m.micro, 0)
      from grants g left join moved m on m.tenant_id = g.tenant_id and m.grant_id = g.id
      where g.there <> -coalesce(m.micro, 0)
      union all
      select 'held', g.tenant_id, null, null, g.id, g.held_micro, coalesce(k.micro, 0)
      from grants g left join kept k on k.tenant_id = g.tenant_id and k.grant_id = g.id
      where g.held_micro <> coalesce(k.micro, 0)
      union all
      select 'numbers', a.tenant_id, null, null, null, a.last_seq, coalesce(n.count, 0)
      from ${schema}.credit_accounts a left join numbered n using (tenant_id)
      where a.last_seq <> coalesce(n.count, 0)
      union all
      select 'late', d.tenant_id, d.period, d.resource_type, d.grant_id, sum(d.micro), 0
      from ${schema}.credit_draws d
      join ${schema}.credit_grants g on g.tenant_id = d.tenant_id and g.id = d.grant_id
      where d.kind = 'grant' and d.micro > 0 and d.drawn_at >= g.expires_at and exists (
        select from ${schema}.usage u
        where u.tenant_id = d.tenant_id and u.period = d.period and u.reservation_id is null
          and d.seq >= u.draw_seq and d.seq < u.draw_seq + u.draw_count)
      group by 2, 3, 4, 5
      union all ${overageFaults(schema)}
      order by 2, 1`,
  } as pg.QueryConfig);
  return rows.map((row) => ({
    ...row,
    bucket: schema,
    stands: Number(row.stands),
    adds: Number(row.adds),
  }));
}
