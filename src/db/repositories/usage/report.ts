import type { Readable } from 'node:stream';
import pg from 'pg';
import type { Period } from '../../../domain/period.ts';
import type { Bucket } from './bucket.ts';
import { streamCsv, text } from './export.ts';

/** Which days, both included, `YYYY-MM-DD`. */
export interface DaySpan {
  from: string;
  to: string;
}

export interface Member {
  id: string;
  name: string;
}

/**
 * A tenant's usage of some days as people read it: a row a UTC day, resource, member and model, the
 * oldest first, as CSV with a header. Who asked and which model answered stand where the ledger
 * knows them. Of `archived` months the days are known, and nothing more of them. `undefined` when the
 * tenant is not in this bucket.
 */
export function streamReportCsv(
  bucket: Bucket<pg.Pool>,
  tenantId: string,
  span: DaySpan,
  members: readonly Member[],
  archived: readonly Period[],
): Promise<Readable | undefined> {
  const [from, to] = [literal(span.from), literal(span.to)];
  const tenant = `tenant_id = ${literal(tenantId)}
      and period between ${literal(span.from.slice(0, 7))} and ${literal(span.to.slice(0, 7))}`;
  const isArchived = `period in (${[...archived, ''].map(literal).join(', ')})`;
  const dayOf = `(period || '-' || lpad(day::text, 2, '0'))`;
  // One that nobody has, so that the list is never empty; who left keeps a number.
  const known = [...members, { id: '', name: '' }]
    .map(({ id, name }) => `(${literal(id)}, ${literal(name)})`)
    .join(', ');
  return streamCsv(
    bucket,
    tenantId,
    `
    with found as (
      select to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD') as day, resource_type,
        amount, metadata ->> 'userId' as member_id, metadata ->> 'model' as model
      from ${bucket.schema}.usage
      where ${tenant} and not ${isArchived}
      union all
      select ${dayOf}, resource_type, amount, null, null
      from ${bucket.schema}.usage_days where ${tenant} and ${isArchived}
      union all
      select ${dayOf}, resource_type, day_used, null, null
      from ${bucket.schema}.usage_totals where ${tenant} and ${isArchived}
    )
    select day, resource_type as resource, sum(amount) as amount,
      ${text('coalesce(members.name, member_id)')} as member, ${text('model')} as model
    from found left join (values ${known}) as members (id, name) on members.id = member_id
    where day between ${from} and ${to}
    group by day, resource_type, member_id, members.name, model
    having sum(amount) <> 0
    order by day, resource_type, members.name, member_id, model`,
  );
}

const literal = (value: string) => pg.escapeLiteral(value);
