import { sql } from 'drizzle-orm';
import type pg from 'pg';
import type { Tx } from '../../../client.ts';
import { bucketSchema } from '../../../buckets.ts';
import type { Queryable } from '../hot-path.ts';

/** Where a tenant's metering lies, as the main tables say. */
export interface Place {
  bucket: number;
  /** Another one whenever the tenant's row was written: two that are equal tell of no move between. */
  version: string;
  /** Its bucket, on another server, does not know yet what the tenant may use, or that it is there. */
  unsynced: boolean;
}

/** The numbers of the buckets that exist, rising. */
export async function listBucketNumbers(client: Queryable): Promise<number[]> {
  const { rows } = await client.query<{ number: number }>({
    text: 'select number from metering_buckets order by number',
  });
  return rows.map((row) => row.number);
}

/** Where these tenants are, by lower-case id; one that does not exist is left out. */
export async function findPlaces(
  client: Queryable,
  tenantIds: readonly string[],
): Promise<Map<string, Place>> {
  const { rows } = await client.query<Place & { id: string }>({
    name: 'tenant_places',
    text: `select id, usage_bucket as bucket, xmin::text as version,
             exists (select from metering_copies c where c.tenant_id = t.id) as unsynced
           from tenants t where id = any($1)`,
    values: [tenantIds],
  });
  return new Map(rows.map(({ id, ...place }) => [id, place]));
}

/** Keeps the tenant where it is until the transaction ends; answers the bucket's schema. */
export async function holdPlace(tx: Tx, tenantId: string): Promise<string> {
  const { rows } = await tx.execute<{ bucket: number }>(
    sql`select t.usage_bucket as bucket from tenants t where id = ${tenantId} for share`,
  );
  return bucketSchema(rows[0]!.bucket);
}

/** The name of the lock that whoever moves a tenant takes beside its row. */
export const placeLock = (tenantId: string) => `squaretable:place:${tenantId.toLowerCase()}`;

/**
 * The same without holding its row, for a plan change must never wait for a bucket on another server;
 * false when somebody else does it or moves the tenant.
 */
export async function keepPlace(tx: Tx, tenantId: string): Promise<boolean> {
  const { rows } = await tx.execute<{ kept: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${placeLock(tenantId)}, 0)) as kept`,
  );
  return rows[0]!.kept;
}

/**
 * Waits until nobody moves these tenants or tells of them any more: a cluster shows where a tenant is by now
 * an instant before it shows what is there.
 */
export async function awaitPlaced(pool: pg.Pool, tenantIds: readonly string[]): Promise<void> {
  if (tenantIds.length === 0) return;
  await pool.query(
    'select pg_advisory_xact_lock_shared(hashtextextended(name, 0)) from unnest($1::text[]) as name',
    [tenantIds.map(placeLock)],
  );
}

/** Tells every process that the usage of these tenants (ids, comma between) moved on. */
export async function notifyUsageChanged(pool: pg.Pool, tenantIds: string): Promise<void> {
  await pool.query(`select pg_notify('usage_changed', $1)`, [tenantIds]);
}

/** How many tenants each bucket has, rising by number, but for those on servers of their own. */
export async function countTenants(
  client: Queryable,
): Promise<{ bucket: number; tenants: number }[]> {
  const { rows } = await client.query<{ bucket: number; tenants: number }>({
    text: `select b.number as bucket, count(t.id)::int as tenants
           from metering_buckets b left join tenants t on t.usage_bucket = b.number
           where b.node is null
           group by 1 order by 1`,
  });
  return rows;
}

/** Some tenants of a bucket, `max` at most. */
export async function listTenantsIn(
  client: Queryable,
  bucket: number,
  max: number,
): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    text: 'select id from tenants where usage_bucket = $1 order by id limit $2',
    values: [bucket, max],
  });
  return rows.map((row) => row.id);
}

const SPREAD_LOCK = 'squaretable:spread';

/** Takes the lock of those who move tenants, for as long as the connection lives; false when held. */
export async function lockSpread(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>({
    text: 'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
    values: [SPREAD_LOCK],
  });
  return rows[0]!.taken;
}

/** Gives it back. */
export async function unlockSpread(client: Queryable): Promise<void> {
  await client.query({
    text: 'select pg_advisory_unlock(hashtextextended($1, 0))',
    values: [SPREAD_LOCK],
  });
}

/** Keeps every tenant where it is, and new buckets away, until the transaction ends. */
export async function holdAllPlaces(client: pg.ClientBase): Promise<void> {
  await client.query('lock table metering_buckets in exclusive mode');
}
