import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bucketSchema } from '../../../buckets.ts';
import type { Database, Tx } from '../../../client.ts';
import { bucketOf } from '../bucket.ts';
import { isKnown, isUnsynced, syncEntitlementIn } from '../buckets/copies.ts';
import { holdPlace, placeLock } from '../buckets/placement.ts';

/** Where a tenant's credits are changed, while it stays there. */
export interface CreditPlace {
  /** The main database, for the entry of the audit log. */
  main: Tx;
  /**
   * The bucket. In the main database it is the same transaction. On a server of its own each change
   * commits by itself, before `main` does: cut short between, the repeat that everything has by its
   * ref finds it done.
   */
  bucket: Pick<Tx, 'execute'>;
  schema: string;
}

/**
 * Keeps the tenant, which exists, in its bucket until `main` ends. A bucket on another server that was not
 * told of the tenant yet is told first: it changes nothing of whom it does not know.
 */
export async function placeCredits(
  main: Tx,
  buckets: Database['buckets'],
  tenantId: string,
): Promise<CreditPlace> {
  for (;;) {
    const number = await numberOf(main, tenantId);
    const { node, pool } = await buckets.of(number);
    const schema = bucketSchema(number);
    if (node === null) {
      if ((await holdPlace(main, tenantId)) === schema) return { main, bucket: main, schema };
      continue;
    }
    // Its row is not held: a plan change must never wait for a bucket on another server.
    await main.execute(
      sql`select pg_advisory_xact_lock(hashtextextended(${placeLock(tenantId)}, 0))`,
    );
    if ((await numberOf(main, tenantId)) !== number) continue;
    if ((await isUnsynced(main, tenantId)) && !(await isKnown(bucketOf(pool, number), tenantId))) {
      await syncEntitlementIn(main, buckets, tenantId);
    }
    return { main, bucket: drizzle(pool), schema };
  }
}

async function numberOf(main: Tx, tenantId: string): Promise<number> {
  const { rows } = await main.execute<{ bucket: number }>(
    sql`select t.usage_bucket as bucket from tenants t where id = ${tenantId}`,
  );
  return rows[0]!.bucket;
}
