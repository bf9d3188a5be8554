import { admissionsOfAccepted, type Admission, type AdmissionBatch } from './admit.ts';
import type { GroupCounters } from './admit.ts';
import { plainArray } from '../arrays.ts';
import { prepared, type Bucket } from '../bucket.ts';
import { encodeBatch, type EncodedBatch } from './encode.ts';
import { AS_TEXT } from '../hot-path.ts';

/** Not every group fits as a whole, or one starts a day, is not open, or crosses a threshold. */
export const NOT_WHOLE = 'UB002';

/** Each group's counter moves by what its calls use; the `set` goes on, and a `where` guards it. */
export const moveCounters = (
  u: string,
) => `insert into ${u}.usage_totals as t (tenant_id, period, resource_type, used, "limit")
    select g.tenant_id, $1, g.resource_type, g.used, -1
    from unnest($5::uuid[], $6::${u}.resource_type[], $7::bigint[]) as g(tenant_id, resource_type, used)
    on conflict (tenant_id, period, resource_type) do update
    set used = t.used + excluded.used,
      day_used = t.day_used + excluded.used,`;

/** Whether all groups moved, and none is not open or crosses a threshold. */
export const FITS = `count(*) = cardinality($5::uuid[]) and not bool_or("limit" = -1 or "limit" > 0
        and (used - beyond) * 100 >= "limit" * 80
        and threshold < case when used - beyond >= "limit" then 100 else 80 end) is true as fits`;

/**
 * The counters move when every group fits, which is nearly always: the guard is the `where` of the
 * upsert. Anything else undoes the statement with NOT_WHOLE, and `usage_admit_calls` takes the batch.
 * Citus writes what is inserted before it asks the answer, so what is made of `whole` asks too whether it
 * fits.
 */
const counters = (u: string) => `
  with moved as (
    ${moveCounters(u)}
      updated_at = $3
    where t.day = $4::smallint and not t.per_member
      and (t."limit" is null
        or t.used - t.beyond + t.held - t.held_beyond + excluded.used <= t."limit")
    returning tenant_id, resource_type, used, held, beyond, held_beyond, "limit", threshold
  ), whole as (
    select array_agg(used order by tenant_id, resource_type) as used,
      array_agg(held order by tenant_id, resource_type) as held,
      array_agg("limit" order by tenant_id, resource_type) as limits,
      array_agg(beyond + held_beyond order by tenant_id, resource_type) as aside,
      ${FITS}
    from moved
  )`;

const answer = (u: string) => `
  select w.used as group_used, w.held as group_held, w.limits as group_limits,
    w.aside as group_aside
  from whole w
  where w.fits or ${u}.usage_not_whole()`;

const UNKEYED = prepared(
  'usage_whole',
  (u) => `${counters(u)}, rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, metadata, occurred_at, created_at)
    select ($5::uuid[])[c.grp], $1, ($6::${u}.resource_type[])[c.grp], c.amount, c.metadata, $2, $3
    from unnest($8::int[], $9::bigint[], $10::jsonb[]) as c(grp, amount, metadata)
    order by c.grp
  )${answer(u)}`,
);

const KEYED = prepared(
  'usage_whole_keyed',
  (u) => `${counters(u)}, calls as materialized (
    select *
    from unnest($8::int[], $9::bigint[], $10::jsonb[], $11::bigint[], $12::text[], $13::bigint[])
      as c(grp, amount, metadata, used_through, key, fingerprint)
  ), rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select ($5::uuid[])[c.grp], $1, ($6::${u}.resource_type[])[c.grp], c.amount, c.key, c.metadata,
      $2, $3
    from calls c
    order by c.grp
  ), keys as (
    insert into ${u}.usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit", remaining,
      created_at)
    select ($5::uuid[])[c.grp], c.key, c.fingerprint, true,
      w.used[c.grp] - ($7::bigint[])[c.grp] + c.used_through, w.limits[c.grp],
      w.limits[c.grp] - w.held[c.grp] - w.used[c.grp] + w.aside[c.grp] + ($7::bigint[])[c.grp] - c.used_through,
      $3
    from calls c, whole w
    where c.key is not null and w.fits
    order by c.grp
  )${answer(u)}`,
);

/**
 * Admits a batch without reservations in which every group fits, by one statement. Throws NOT_WHOLE, with
 * nothing done, for any other batch.
 */
export async function admitWhole(bucket: Bucket, batch: AdmissionBatch): Promise<Admission[]> {
  const encoded = encodeBatch(batch.calls);
  const result = await bucket.client.query<GroupCounters>({
    ...(encoded.keyed ? KEYED : UNKEYED)(bucket),
    types: AS_TEXT,
    values: valuesOf(batch, encoded),
  });
  return admissionsOfAccepted(result.rows[0]!, encoded);
}

/** The parameters of the statements that admit a batch whole; `own` stand before what goes with keys. */
export function valuesOf(
  batch: AdmissionBatch,
  encoded: EncodedBatch,
  own: readonly unknown[] = [],
): unknown[] {
  const values = [
    batch.period,
    batch.occurredAt.toISOString(),
    batch.now.toISOString(),
    batch.occurredAt.getUTCDate(),
    encoded.groupTenants,
    encoded.groupResources,
    encoded.groupUsed,
    plainArray(encoded.places),
    encoded.amounts,
    encoded.metadata,
    ...own,
  ];
  return encoded.keyed
    ? [...values, plainArray(encoded.usedThrough), encoded.keys, encoded.fingerprints]
    : values;
}
