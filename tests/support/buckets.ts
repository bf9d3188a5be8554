import type { Pool, PoolClient, QueryResultRow } from 'pg';
import pg from 'pg';
import { bucketSchema } from '../../src/db/buckets.ts';
import { BucketNodes } from '../../src/db/buckets/nodes.ts';
import { makeBucket } from '../../src/db/buckets/make-bucket.ts';
import { listBucketNumbers } from '../../src/db/repositories/usage/buckets/placement.ts';

/** A database, or the servers that its buckets lie on where there are others. */
export type Buckets = Pool | PoolClient | BucketNodes;

/**
 * Asks every bucket what is written for the first, `u00`; answers all their rows. A tenant is in one of
 * them, so what is grouped by tenant comes out as from one.
 */
export async function inEveryBucket<Row extends QueryResultRow>(
  buckets: Buckets,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { number, pool } of await placesOf(buckets)) {
    const asked = text.replaceAll(/\bu00\./g, `${bucketSchema(number)}.`);
    for (const row of (await pool.query<Row>(asked, values)).rows) rows.push(row);
  }
  return rows;
}

async function placesOf(buckets: Buckets): Promise<{ number: number; pool: Pool | PoolClient }[]> {
  if (buckets instanceof BucketNodes) {
    return Promise.all((await buckets.list()).map(({ number }) => buckets.of(number)));
  }
  return (await listBucketNumbers(buckets)).map((number) => ({ number, pool: buckets }));
}

/** The schema of a tenant's bucket. */
export async function schemaOf(pool: Pool, tenantId: string): Promise<string> {
  const { rows } = await pool.query<{ schema: string }>(
    'select bucket_schema(usage_bucket) as schema from tenants where id = $1',
    [tenantId],
  );
  return rows[0]!.schema;
}

/** Makes the buckets up to `count`, over a connection of its own. */
export async function makeBuckets(url: string, count: number): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    for (let number = 1; number < count; number += 1) await makeBucket(client, number);
  } finally {
    await client.end();
  }
}
