import type pg from 'pg';
import { bucketSchema, DEFAULT_BUCKET, migrateBucket } from './buckets.ts';
import { MIGRATION_LOCK } from './migrate.ts';

/**
 * Makes the bucket of `number`, empty, with what the others know of the ledger: its months and what of
 * it was archived. One transaction: it is there as a whole or not at all. False when it was there.
 */
export async function makeBucket(client: pg.ClientBase, number: number): Promise<boolean> {
  await client.query('begin');
  try {
    const made = await make(client, number);
    await client.query('commit');
    return made;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function make(client: pg.ClientBase, number: number): Promise<boolean> {
  const schema = bucketSchema(number);
  await client.query('set local client_min_messages = warning');
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);
  // Before anything is read of the others: whoever archives a month holds this table.
  const { rowCount } = await client.query(
    'insert into metering_buckets (number) values ($1) on conflict do nothing',
    [number],
  );
  if (rowCount === 0) return false;
  await migrateBucket(client, schema);
  await client.query('set local search_path to default');
  await assertSameVersion(client, schema);
  await client.query(
    `insert into ${schema}.usage_archives (period, file, sha256, rows, archived_at)
     select period, file, sha256, rows, archived_at from ${DEFAULT_BUCKET}.usage_archives`,
  );
  for (const period of await listPartitions(client, DEFAULT_BUCKET)) {
    await client.query(`select ${schema}.usage_ensure_partition($1)`, [period]);
  }
  return true;
}

/** A database that a newer version migrated gets its buckets from that version too. */
async function assertSameVersion(client: pg.ClientBase, schema: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select name from ${DEFAULT_BUCKET}.bucket_migrations
     except select name from ${schema}.bucket_migrations`,
  );
  if (rows.length === 0) return;
  throw new Error(
    `This database was migrated by a newer version (${rows[0]!.name}): make buckets with that one.`,
  );
}

/** The months of which a bucket's ledger has a partition, as `YYYY-MM`. */
export async function listPartitions(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ period: string }>(
    `select replace(substr(c.relname, 7), '_', '-') as period
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = '${schema}.usage'::regclass
     order by 1`,
  );
  return rows.map((row) => row.period);
}
