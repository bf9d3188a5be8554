import { plainArray } from '../arrays.ts';
import type { Bucket } from '../bucket.ts';

/**
 * Deletes agreements to overage that another one followed before `before`, `max` at most; answers how many.
 * Those of a month in which any was used stay, with the one that followed them: they say under what each movement
 * was made, and until when. The newest of a tenant stays too.
 */
export async function forgetAgreements(
  { schema, client }: Bucket,
  before: Date,
  max: number,
): Promise<number> {
  const { rows } = await client.query<{ tenantId: string; n: number }>({
    text: `select o.tenant_id as "tenantId", o.n
      from (
        select c.tenant_id, c.n, lead(c.made_at) over w as until,
          coalesce(lag(c.made_at) over w, c.made_at) as since
        from ${schema}.overage_consents c
        window w as (partition by c.tenant_id order by c.n)
      ) o
      where o.until < $1 and not exists (
        select from ${schema}.overage_periods p
        where p.tenant_id = o.tenant_id
          and p.period between to_char(o.since at time zone 'UTC', 'YYYY-MM')
            and to_char(o.until at time zone 'UTC', 'YYYY-MM'))
      limit $2`,
    values: [before, max],
  });
  if (rows.length === 0) return 0;
  await client.query({
    text: `delete from ${schema}.overage_consents
      where (tenant_id, n) in (select * from unnest($1::uuid[], $2::int[]))`,
    values: [
      plainArray(rows.map(({ tenantId }) => tenantId)),
      plainArray(rows.map(({ n }) => String(n))),
    ],
  });
  return rows.length;
}

/** Deletes notices of before `before` of which the owner was told. */
export async function forgetNotices({ schema, client }: Bucket, before: Date): Promise<void> {
  await client.query({
    text: `delete from ${schema}.overage_notices where not mail_due and made_at < $1`,
    values: [before],
  });
}
