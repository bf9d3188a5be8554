import { sql } from 'drizzle-orm';
import type pg from 'pg';
import type { Tx } from '../../client.ts';
import { bucketSchema } from '../../buckets.ts';
import type { Queryable } from './hot-path.ts';

/** Where a tenant's metering lies, as the main tables say. */
export interface Place {
  bucket: number;
  /** Another one whenever the tenant's row was written: two that are equal tell of no move between. */
  version: string;
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
    text: `select id, usage_bucket as bucket, xmin::text as version from tenants where id = any($1)`,
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

/** Tells every process that the usage of these tenants (ids, comma between) moved on. */
export async function notifyUsageChanged(pool: pg.Pool, tenantIds: string): Promise<void> {
  await pool.query(`select pg_notify('usage_changed', $1)`, [tenantIds]);
}
