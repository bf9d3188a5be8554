import type pg from 'pg';
import { bucketSchema } from '../../../buckets.ts';
import type { Queryable } from '../hot-path.ts';

/** Where a bucket lies. */
export interface BucketNode {
  number: number;
  /** `host:port`; null in the main database. */
  node: string | null;
  /** Citus has placed it: its tables are made and changed through the main database. */
  byCitus: boolean;
}

/** Every bucket that exists, rising, with where it lies now. */
export async function listBucketNodes(client: Queryable): Promise<BucketNode[]> {
  const { rows } = await client.query<BucketNode>({
    name: 'bucket_nodes',
    text: 'select number, node, by_citus as "byCitus" from bucket_nodes()',
  });
  return rows;
}

/** Notes since when the buckets of these numbers do not answer; null: they do. */
export async function noteAway(
  client: Queryable,
  numbers: readonly number[],
  since: Date | null,
): Promise<void> {
  await client.query({
    text: `update metering_buckets
           set away_since = case when $2::timestamptz is null then null
             else coalesce(away_since, $2) end
           where number = any($1) and (away_since is null) <> ($2::timestamptz is null)`,
    values: [numbers, since],
  });
}

/** Whether a server answers within `milliseconds`. */
export async function isResponding(pool: pg.Pool, milliseconds: number): Promise<boolean> {
  const asked = { text: 'select', query_timeout: milliseconds };
  return pool.query(asked as pg.QueryConfig).then(
    () => true,
    () => false,
  );
}

/** Above the number of a node of Citus, which has the bits from the 48th on, and below it the bucket's. */
const IDS_OF_A_BUCKET = 1n << 40n;

/**
 * Sees to it that ids made on a node of Citus are of one bucket alone: there each bucket's sequences
 * begin with the same numbers, and a moved tenant keeps its ids. To be done before anything is written
 * there; done again it changes nothing.
 */
export async function separateIds(node: Queryable, bucket: number): Promise<void> {
  const schema = bucketSchema(bucket);
  await node.query({
    text: `do $ids$
      declare
        v_name text;
        v_first bigint;
        v_last bigint;
      begin
        perform pg_advisory_xact_lock(hashtextextended('${schema}.ids', 0));
        for v_name, v_first in
          select format('%I.%I', schemaname, sequencename),
            min_value + ${String(BigInt(bucket) * IDS_OF_A_BUCKET)}
          from pg_sequences where schemaname = '${schema}' and data_type = 'bigint'::regtype
        loop
          execute 'select last_value from ' || v_name into v_last;
          if v_last < v_first then perform setval(v_name, v_first); end if;
        end loop;
      end $ids$`,
  });
}
