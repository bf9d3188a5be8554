import { eq, and, lte, sql } from 'drizzle-orm';
import type { Database, Db, Tx } from '../../../client.ts';
import { meteringCopies } from '../../../schema/index.ts';
import { bucketOf, type Bucket } from '../bucket.ts';
import type { Queryable } from '../hot-path.ts';

/** What a bucket keeps about a tenant: a copy of what the main tables entitle it to. */
export interface Entitlement {
  tenantId: string;
  bucket: number;
  /** Rises with every change; a bucket takes over what is newer than it has. */
  version: string;
  plan: string;
  limits: Record<string, number | null>;
  basePlan: string | null;
  baseLimits: Record<string, number | null> | null;
  shareFrom: Date | null;
  shareUntil: Date | null;
  deletedAt: Date | null;
  /** Resource → microcredits a unit beyond the quota. */
  rates: Record<string, number>;
  /** What overage is sold: its currency and price; empty for none. */
  overage: Record<string, string>;
  /** Resource → percent of a month's limit that may roll over. */
  rollover: Record<string, number>;
  /** When it was changed to this, while a bucket does not have that yet and it was noted. */
  changedAt: Date | null;
}

/** Tenants whose bucket has an older copy, the oldest first, and how many whose bucket is `away`. */
export async function listUnsynced(
  client: Queryable,
  away: ReadonlySet<number>,
  max: number,
): Promise<{ tenants: { tenantId: string; bucket: number }[]; away: number }> {
  const { rows } = await client.query<{ tenantId: string; bucket: number }>({
    text: `select c.tenant_id as "tenantId", t.usage_bucket as bucket
           from metering_copies c join tenants t on t.id = c.tenant_id
           where t.usage_bucket <> all($1)
           order by c.due_since limit $2`,
    values: [[...away], max],
  });
  if (away.size === 0) return { tenants: rows, away: 0 };
  const { rows: counted } = await client.query<{ n: number }>({
    text: `select count(*)::int as n
           from metering_copies c join tenants t on t.id = c.tenant_id
           where t.usage_bucket = any($1)`,
    values: [[...away]],
  });
  return { tenants: rows, away: counted[0]!.n };
}

/** What the tenant may use by now; `undefined` for one that is gone. */
export async function readEntitlement(
  tx: Tx | Db,
  tenantId: string,
): Promise<Entitlement | undefined> {
  const { rows } = await tx.execute<Omit<Entitlement, 'tenantId'> & { bucket: number | null }>(sql`
    select bucket, version::text, plan, limits, base_plan as "basePlan",
      base_limits as "baseLimits", share_from as "shareFrom", share_until as "shareUntil",
      deleted_at as "deletedAt", rates, overage, rollover,
      (select changed_at from metering_copies where tenant_id = ${tenantId}) as "changedAt"
    from tenant_entitlement(${tenantId})`);
  const [row] = rows;
  return row && row.bucket !== null ? { ...row, bucket: row.bucket, tenantId } : undefined;
}

/** Writes the copy into a bucket; does nothing when it has that version or a newer one. */
export async function putEntitlement(
  { schema, client }: Bucket,
  entitlement: Entitlement,
): Promise<void> {
  const { tenantId, version, plan, limits, basePlan, baseLimits } = entitlement;
  await client.query({
    text: `select ${schema}.usage_put_tenant($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
      $12, $13)`,
    values: [
      ...[tenantId, version, plan, JSON.stringify(limits), basePlan],
      ...[baseLimits && JSON.stringify(baseLimits), entitlement.shareFrom],
      ...[entitlement.shareUntil, entitlement.deletedAt, JSON.stringify(entitlement.rates)],
      ...[JSON.stringify(entitlement.overage), JSON.stringify(entitlement.rollover)],
      entitlement.changedAt,
    ],
  });
}

/** Notes that the bucket has the changes up to `version`. */
export async function closeCopy(tx: Tx, tenantId: string, version: string): Promise<void> {
  const isSynced = lte(meteringCopies.version, sql`${version}::bigint`);
  await tx.delete(meteringCopies).where(and(eq(meteringCopies.tenantId, tenantId), isSynced));
}

/** Brings the copy in a tenant's bucket up to date, in the caller's transaction, which keeps the tenant there. */
export async function syncEntitlementIn(
  tx: Tx,
  buckets: Database['buckets'],
  tenantId: string,
): Promise<void> {
  const entitlement = await readEntitlement(tx, tenantId);
  if (entitlement === undefined) return;
  const place = await buckets.of(entitlement.bucket);
  await putEntitlement(bucketOf(place.pool, place.number, place), entitlement);
  await closeCopy(tx, tenantId, entitlement.version);
}

/** Whether the bucket of a tenant has yet to get what was committed before `tx`. */
export async function isUnsynced(tx: Tx, tenantId: string): Promise<boolean> {
  const { rows } = await tx.execute(sql`
    select from metering_copies c join tenants t on t.id = c.tenant_id
    where c.tenant_id = ${tenantId}
      and t.xmin is distinct from pg_current_xact_id_if_assigned()::xid`);
  return rows.length > 0;
}

/** Whether a bucket knows a tenant. */
export async function isKnown({ schema, client }: Bucket, tenantId: string): Promise<boolean> {
  const { rowCount } = await client.query({
    text: `select from ${schema}.usage_tenants where tenant_id = $1`,
    values: [tenantId],
  });
  return rowCount === 1;
}
