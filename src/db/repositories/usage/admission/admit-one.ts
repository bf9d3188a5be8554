import type { Limit } from '../../../../domain/quota.ts';
import { prepared, type Bucket } from '../bucket.ts';
import { AS_TEXT } from '../hot-path.ts';
import { NOTHING_DRAWN, type Admission, type AdmissionBatch } from './admit.ts';

/**
 * The counter moves when the call fits and neither starts a day nor crosses a threshold, which is nearly always:
 * the guard is the `where`, and what is written reads what moved. So there is nothing to undo.
 */
const counter = (u: string) => `
  with moved as (
    update ${u}.usage_totals as t
    set used = t.used + $7::bigint, day_used = t.day_used + $7::bigint, updated_at = $3::timestamptz
    where t.tenant_id = $5::uuid and t.period = $1::text
      and t.resource_type = $6::${u}.resource_type
      and t.day = $4::smallint and not t.per_member
      and (t."limit" is null
        or t.used - t.beyond + t.held - t.held_beyond + $7::bigint <= t."limit"
          and ((t.used - t.beyond + $7::bigint) * 100 < t."limit" * 80
            or t.threshold >= case when t.used - t.beyond + $7::bigint >= t."limit" then 100 else 80 end))
    returning used, held, beyond + held_beyond as aside, "limit"
  )`;

const ANSWER = `select used, held, aside, "limit" from moved`;

const UNKEYED = prepared(
  'usage_one',
  (u) => `${counter(u)}, rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, metadata, occurred_at, created_at)
    select $5::uuid, $1::text, $6::${u}.resource_type, $7::bigint, $8::jsonb, $2::timestamptz,
      $3::timestamptz
    from moved
  ) ${ANSWER}`,
);

const KEYED = prepared(
  'usage_one_keyed',
  (u) => `${counter(u)}, rows as (
    insert into ${u}.usage (tenant_id, period, resource_type, amount, idempotency_key, metadata,
      occurred_at, created_at)
    select $5::uuid, $1::text, $6::${u}.resource_type, $7::bigint, $9::text, $8::jsonb,
      $2::timestamptz, $3::timestamptz
    from moved
  ), keys as (
    insert into ${u}.usage_idempotency (tenant_id, key, fingerprint, accepted, used, "limit", remaining,
      created_at)
    select $5::uuid, $9::text, $10::bigint, true, used, "limit", "limit" - held - used + aside,
      $3::timestamptz
    from moved
  ) ${ANSWER}`,
);

/**
 * Admits a batch of one call that is no reservation, within its quota: the work of a batch without its arrays.
 * `undefined`, with nothing done, where more has to be looked at.
 */
export async function admitOne(
  bucket: Bucket,
  batch: AdmissionBatch,
): Promise<Admission | undefined> {
  const { tenantId, resourceType, amount, metadata, key, fingerprint } = batch.calls[0]!;
  const values = [
    batch.period,
    batch.occurredAt.toISOString(),
    batch.now.toISOString(),
    batch.occurredAt.getUTCDate(),
    ...[tenantId, resourceType, amount, metadata],
  ];
  const { rows } = await bucket.client.query<Moved>({
    ...(key === null ? UNKEYED : KEYED)(bucket),
    types: AS_TEXT,
    values: key === null ? values : [...values, key, fingerprint],
  });
  return rows[0] && acceptedOf(rows[0]);
}

type Moved = Record<'used' | 'held' | 'aside', string> & { limit: string | null };

function acceptedOf(moved: Moved): Admission {
  const limit: Limit = moved.limit === null ? null : Number(moved.limit);
  const [used, held] = [Number(moved.used), Number(moved.held)];
  return {
    outcome: 'accepted',
    used,
    limit,
    remaining: limit === null ? null : limit - used - held + Number(moved.aside),
    held,
    reservationId: null,
    waits: false,
    beyond: 0,
    drawn: NOTHING_DRAWN,
  };
}
