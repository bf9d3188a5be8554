import type pg from 'pg';
import { bucketSchema } from '../../../buckets.ts';
import { buildIndex, dropIndex } from '../../../buckets/build-index.ts';

const NAME = 'usage_idempotency_moving_idx';

/**
 * Keys are found by themselves, for that is what calls ask; whoever moves tenants finds a tenant's by this
 * index, which is there meanwhile. `client` is in no transaction.
 */
export async function indexKeysByTenant(client: pg.ClientBase, bucket: number): Promise<void> {
  const schema = bucketSchema(bucket);
  const index = { schema, table: 'usage_idempotency', name: NAME, columns: 'tenant_id' };
  await buildIndex(client, index);
}

/** Calls write no index that nobody reads. */
export async function dropKeysByTenant(client: pg.ClientBase, bucket: number): Promise<void> {
  await dropIndex(client, { schema: bucketSchema(bucket), name: NAME });
}
