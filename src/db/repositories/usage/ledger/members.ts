import { sql } from 'drizzle-orm';
import type pg from 'pg';
import type { MemberLimits } from '../../../../domain/billing/usage/member-limits.ts';
import type { Period } from '../../../../domain/period.ts';
import type { ResourceType } from '../../../../domain/quota.ts';
import type { Bucket } from '../bucket.ts';
import type { CreditPlace } from '../credits/place.ts';

/** A member's limit of a resource, and what of it is used and held this month. */
export interface MemberRoom {
  memberId: string;
  resourceType: ResourceType;
  limit: number;
  used: number;
  held: number;
}

/** Gives a member these limits in the place of those before; see `usage_limit_member`. */
export async function limitMember(
  { bucket, schema }: CreditPlace,
  {
    tenantId,
    memberId,
    limits,
    now,
  }: {
    tenantId: string;
    memberId: string;
    limits: MemberLimits;
    now: Date;
  },
): Promise<void> {
  await bucket.execute(
    sql`select ${sql.raw(schema)}.usage_limit_member(
      ${tenantId}, ${memberId}, ${JSON.stringify(limits)}::jsonb, ${now.toISOString()}::timestamptz)`,
  );
}

/** The month's rows of `of` that name the member of the row `row`; `and` tells them apart further. */
const sumNamed = (of: string, row: string, period: string, and = 'true') => `coalesce((
  select sum(amount) from ${of} x
  where x.tenant_id = ${row}.tenant_id and x.period = ${period}
    and x.resource_type = ${row}.resource_type and x.metadata ->> 'userId' = ${row}.member_id
    and ${and}), 0)`;

const used = (u: string, row: string, period: string) => sumNamed(`${u}.usage`, row, period);
const held = (u: string, row: string, period: string) =>
  sumNamed(`${u}.usage_reservations`, row, period, `x.state = 'open'`);

/** Every limit of a tenant's members, or of one, with what of it is used and held in a month. */
export async function listMemberRooms(
  { schema: u, client }: Bucket<pg.Pool>,
  tenantId: string,
  period: Period,
  memberId: string | null = null,
): Promise<MemberRoom[]> {
  type Row = Pick<MemberRoom, 'memberId' | 'resourceType'> &
    Record<'limit' | 'used' | 'held', string>;
  const { rows } = await client.query<Row>(
    `select l.member_id as "memberId", l.resource_type as "resourceType", l.month_max as limit,
      case when t.member_id is null then ${used(u, 'l', '$2')} else t.used end as used,
      case when t.member_id is null then ${held(u, 'l', '$2')} else t.held end as held
     from ${u}.usage_member_limits l
     left join ${u}.usage_member_totals t on t.tenant_id = l.tenant_id and t.period = $2
       and t.resource_type = l.resource_type and t.member_id = l.member_id
     where l.tenant_id = $1 and ($3::text is null or l.member_id = $3)
     order by l.member_id, l.resource_type`,
    [tenantId, period, memberId],
  );
  return rows.map((row) => ({
    ...row,
    limit: Number(row.limit),
    used: Number(row.used),
    held: Number(row.held),
  }));
}

/** A member's counter that is not what it counts. */
export interface MemberDifference extends MemberRoom {
  /** The bucket's schema. */
  bucket: string;
  tenantId: string;
  period: Period;
  /** The sums of the ledger's rows and of the open reservations that name the member. */
  ledger: number;
  reserved: number;
}

/** Where members' counters of a month do not agree with ledger and reservations. */
export async function listMemberDifferences(
  { schema: u, client }: Bucket,
  period: Period,
): Promise<MemberDifference[]> {
  type Row = Pick<MemberDifference, 'tenantId' | 'memberId' | 'resourceType'> &
    Record<'limit' | 'used' | 'held' | 'ledger' | 'reserved', string>;
  const { rows } = await client.query<Row>({
    text: `with counted as (
        select t.*, l.month_max as "limit", ${used(u, 't', '$1')} as ledger,
          ${held(u, 't', '$1')} as reserved
        from ${u}.usage_member_totals t
        left join ${u}.usage_member_limits l on l.tenant_id = t.tenant_id
          and l.member_id = t.member_id and l.resource_type = t.resource_type
        where t.period = $1
      )
      select tenant_id as "tenantId", member_id as "memberId", resource_type as "resourceType", "limit",
        used, held, ledger, reserved
      from counted
      where used <> ledger or held <> reserved or "limit" is null`,
    values: [period],
  });
  return rows.map((row) => ({
    ...row,
    ...{ bucket: u, period, limit: Number(row.limit) },
    used: Number(row.used),
    held: Number(row.held),
    ledger: Number(row.ledger),
    reserved: Number(row.reserved),
  }));
}
