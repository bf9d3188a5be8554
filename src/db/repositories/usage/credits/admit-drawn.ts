import { admissionsOfAccepted, type Admission, type AdmissionBatch } from '../admission/admit.ts';
import type { GroupCounters } from '../admission/admit.ts';
import { FITS, moveCounters, valuesOf } from '../admission/admit-whole.ts';
import { parseNumbers, parseWords, plainArray } from '../arrays.ts';
import { prepared, type Bucket } from '../bucket.ts';
import { encodeBatch, type EncodedBatch } from '../admission/encode.ts';
import { AS_TEXT } from '../hot-path.ts';

/** The quota is used up, and what is beyond has a rate. */
const IS_FULL = `(t.rate_micro is not null
        and t.used - t.beyond + t.held - t.held_beyond >= t."limit")`;

/**
 * As the statement for batches within their quotas, and a group whose quota is full goes beyond it as a
 * whole: the tenant's head pays, or what is loaded of this month's overage behind the last grant, one row
 * more. Whoever would use up what is loaded comes to a mark of the cap and goes call by call. Which groups
 * lie beyond is told by `spilled`, for older servers cannot return what a row was before. Accounts are
 * locked one by one, in order; the tenant stands as its own grant in one that did not exist, and then the
 * whole is undone. What a tenant draws is numbered by its groups, and in a group by its calls: worked out once a
 * group, not once a call. What groups share goes by their place, as the arrays do: joined, a few rows are
 * expected where there are hundreds, and each is then looked for among all.
 */
const counters = (u: string) => `
  with moved as (
    ${moveCounters(u)}
      beyond = t.beyond + case when ${IS_FULL} then excluded.used else 0 end,
      spilled = case when ${IS_FULL} then excluded.used else 0 end,
      updated_at = $3
    where t.day = $4::smallint and not t.per_member
      and (t."limit" is null
        or t.used - t.beyond + t.held - t.held_beyond + excluded.used <= t."limit"
        or ${IS_FULL} and excluded.used <= ${u}.credit_call_max() / t.rate_micro)
    returning tenant_id, resource_type, used, held, beyond, held_beyond, "limit", threshold, spilled,
      rate_micro
  ), whole as materialized (
    select array_agg(used order by tenant_id, resource_type) as used,
      array_agg(held order by tenant_id, resource_type) as held,
      array_agg("limit" order by tenant_id, resource_type) as limits,
      array_agg(beyond + held_beyond order by tenant_id, resource_type) as aside,
      array_agg(spilled order by tenant_id, resource_type) as spilled,
      array_agg(rate_micro order by tenant_id, resource_type) as rates,
      ${FITS}
    from moved
  ), placed as materialized (
    select g.n, g.tenant_id, g.resource_type, g.rate_micro, g.spilled > 0 as is_beyond,
      g.spilled * g.rate_micro as micro, g.calls,
      sum(g.calls) filter (where g.spilled > 0) over (partition by g.tenant_id order by g.n) as through
    from whole w
    cross join unnest($5::uuid[], $6::${u}.resource_type[], w.rates, w.spilled, $11::int[]) with ordinality
      as g(tenant_id, resource_type, rate_micro, spilled, calls, n)
    where w.fits
  ), due as materialized (
    select tenant_id, sum(micro)::bigint as micro, max(through)::bigint as calls from placed
    where is_beyond
    group by tenant_id
    order by tenant_id
  ), paid as (
    insert into ${u}.credit_accounts as a (tenant_id, head_grant, head_left, last_seq, updated_at)
    select tenant_id, tenant_id, micro, calls, $3 from due
    on conflict (tenant_id) do update
    set head_left = a.head_left - case when a.head_grant is not null then excluded.head_left else 0 end,
      overage_left = a.overage_left - case when a.head_grant is null then excluded.head_left else 0 end,
      last_seq = a.last_seq + excluded.last_seq, updated_at = $3
    where a.head_until > $3
      and (a.head_grant is not null and a.head_left >= excluded.head_left
        or a.head_grant is null and a.overage_period = $1 and a.overage_left > excluded.head_left)
    returning a.tenant_id, a.last_seq, a.head_grant,
      case when a.head_grant is null then a.overage_currency end as currency,
      case when a.head_grant is null then a.overage_price end as price
  ), sourced as materialized (
    select g.n, g.tenant_id, g.resource_type, g.rate_micro, p.head_grant, p.currency, p.price,
      p.last_seq - d.calls + g.through - g.calls as before
    from placed g
    left join (paid p join due d using (tenant_id)) on g.is_beyond and p.tenant_id = g.tenant_id
  ), numbered as materialized (
    select c.grp, c.n, c.amount, c.metadata, g.tenant_id, g.resource_type, g.rate_micro, g.head_grant,
      g.currency, g.price, g.before + c.nth as seq
    from unnest($8::int[], $9::bigint[], $10::jsonb[], $12::int[]) with ordinality
      as c(grp, amount, metadata, nth, n)
    join sourced g on g.n = c.grp
  ), draws as (
    insert into ${u}.credit_draws (tenant_id, seq, period, kind, grant_id, resource_type, rate_micro,
      units, micro, drawn_at, currency, minor_per_credit, model, rate_card)
    select tenant_id, seq, $1, case when price is null then 'grant' else 'overage' end, head_grant,
      resource_type, rate_micro, amount, amount * rate_micro, $3, currency, price,
      ${u}.usage_model(metadata), ${u}.usage_card(metadata)
    from numbered
    where seq is not null
  )`;

const answer = (u: string) => `
  select w.used as group_used, w.held as group_held, w.limits as group_limits,
    w.aside as group_aside, w.spilled as group_spilled, w.rates as group_rates,
    (select array_agg(price is not null order by n) from sourced) as group_overage
  from whole w
  where w.fits
    and (select count(*) from paid where head_grant is distinct from tenant_id) = (select count(*) from due)
    or ${u}.usage_not_whole()`;

const UNKEYED = prepared(
  'usage_drawn',
  (u) => `${counters(u)}, rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, metadata, occurred_at,
      created_at, draw_seq, draw_count)
    select tenant_id, $1, resource_type, amount, metadata, $2, $3, seq,
      case when seq is not null then 1 end
    from numbered
    order by grp
  )${answer(u)}`,
);

const KEYED = prepared(
  'usage_drawn_keyed',
  (u) => `${counters(u)}, keyed as materialized (
    select *
    from unnest($13::bigint[], $14::text[], $15::bigint[]) with ordinality
      as k(used_through, key, fingerprint, n)
  ), rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at, draw_seq, draw_count)
    select tenant_id, $1, resource_type, amount, k.key, metadata, $2, $3, seq,
      case when seq is not null then 1 end
    from numbered
    join keyed k using (n)
    order by grp
  ), keys as (
    insert into ${u}.usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit", remaining,
      created_at)
    select c.tenant_id, k.key, k.fingerprint, true,
      w.used[c.grp] - ($7::bigint[])[c.grp] + k.used_through, w.limits[c.grp],
      case when c.seq is not null then 0
        else w.limits[c.grp] - w.held[c.grp] - w.used[c.grp] + w.aside[c.grp]
          + ($7::bigint[])[c.grp] - k.used_through end,
      $3
    from numbered c
    join keyed k using (n)
    cross join whole w
    where k.key is not null and w.fits
    order by c.grp
  )${answer(u)}`,
);

/**
 * Admits a batch without reservations in which every group fits its quota or lies beyond it as a whole
 * and is paid by one source. Throws NOT_WHOLE, with nothing done, for any other batch.
 */
export async function admitDrawn(bucket: Bucket, batch: AdmissionBatch): Promise<Admission[]> {
  const encoded = encodeBatch(batch.calls);
  const result = await bucket.client.query<GroupCounters & Spilled>({
    ...(encoded.keyed ? KEYED : UNKEYED)(bucket),
    types: AS_TEXT,
    values: valuesOf(batch, encoded, countsOf(encoded)),
  });
  const row = result.rows[0]!;
  return admissionsOfAccepted(row, encoded, {
    units: parseNumbers(row.group_spilled),
    rates: parseNumbers(row.group_rates),
    areOverage: parseWords(row.group_overage).map((word) => word === 't'),
  });
}

type Spilled = Record<'group_spilled' | 'group_rates' | 'group_overage', string>;

/** How many calls each group has, and which of its group's each call is. */
function countsOf({ groups, places }: EncodedBatch): string[] {
  const counts = new Array<number>(groups.length).fill(0);
  const nth = places.map((place) => (counts[place - 1]! += 1));
  return [plainArray(counts), plainArray(nth)];
}
