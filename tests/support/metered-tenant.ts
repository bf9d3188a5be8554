import type { Pool } from 'pg';
import type { BucketNodes } from '../../src/db/buckets/nodes.ts';
import type { Plan } from '../../src/domain/plans.ts';
import type { TenantId } from '../../src/domain/ids.ts';
import { inEveryBucket } from './buckets.ts';
import { bucketOf } from '../../src/db/repositories/usage/bucket.ts';
import { listBucketNumbers } from '../../src/db/repositories/usage/buckets/placement.ts';
import {
  listMemberDifferences,
  type MemberDifference,
} from '../../src/db/repositories/usage/ledger/members.ts';
import { listVerifiablePeriods } from '../../src/db/repositories/usage/verify.ts';
import {
  listCreditDifferences,
  type CreditDifference,
} from '../../src/db/repositories/usage/credits/verify.ts';

/** Makes a tenant on `plan` with an owner, as far as metering minds; answers its id. */
export async function meteredTenant(pool: Pool, plan: Plan = 'free'): Promise<TenantId> {
  const { rows } = await pool.query<{ id: TenantId }>(
    `with tenant as (insert into tenants (name, plan) values ('Metered', $1) returning id),
       owner as (
         insert into users (tenant_id, email, password_hash, display_name, role)
         select id, id || '@example.com', 'none', 'Owner', 'owner' from tenant
       )
     select id from tenant`,
    [plan],
  );
  return rows[0]!.id;
}

/** The same, whose metering lies in the bucket of this number. */
export async function tenantInBucket(
  pool: Pool,
  bucket: number,
  plan: Plan = 'free',
): Promise<TenantId> {
  for (;;) {
    const id = await meteredTenant(pool, plan);
    const { rowCount } = await pool.query(
      'select from tenants where id = $1 and usage_bucket = $2',
      [id, bucket],
    );
    if (rowCount === 1) return id;
  }
}

/** Where the books of a bucket do not balance: no rows when every counter equals what it counts. */
export async function imbalances(buckets: Pool | BucketNodes): Promise<unknown[]> {
  return inEveryBucket(
    buckets,
    `
    select t.tenant_id, t.period, t.resource_type, t.used, t.held, t.day_used,
      l.amount as ledger, r.amount as reserved, d.amount as days
    from u00.usage_totals t
    left join lateral (
      select coalesce(sum(amount), 0) as amount from u00.usage u
      where u.tenant_id = t.tenant_id and u.period = t.period and u.resource_type = t.resource_type
    ) l on true
    left join lateral (
      select coalesce(sum(amount), 0) as amount from u00.usage_reservations v
      where v.tenant_id = t.tenant_id and v.period = t.period
        and v.resource_type = t.resource_type and v.state = 'open'
    ) r on true
    left join lateral (
      select coalesce(sum(amount), 0) as amount from u00.usage_days y
      where y.tenant_id = t.tenant_id and y.period = t.period and y.resource_type = t.resource_type
    ) d on true
    where t.used <> l.amount or t.held <> r.amount or t.used <> d.amount + t.day_used`,
  );
}

/** Counters of members that are not what ledger and reservations say, as the nightly verification finds them. */
export async function memberFaults(pool: Pool): Promise<MemberDifference[]> {
  const faults: MemberDifference[] = [];
  for (const number of await listBucketNumbers(pool)) {
    const bucket = bucketOf(pool, number);
    for (const period of await listVerifiablePeriods(bucket)) {
      for (const one of await listMemberDifferences(bucket, period)) faults.push(one);
    }
  }
  return faults;
}

/** Where the books of credits do not balance, as the nightly verification finds it. */
export async function creditFaults(pool: Pool): Promise<CreditDifference[]> {
  const faults: CreditDifference[] = [];
  for (const number of await listBucketNumbers(pool)) {
    for (const one of await listCreditDifferences(bucketOf(pool, number))) faults.push(one);
  }
  return faults;
}
