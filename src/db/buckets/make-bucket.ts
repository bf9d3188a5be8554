import type pg from 'pg';
import { bucketSchema, DEFAULT_BUCKET, migrateBucket, newestBucketMigration } from '../buckets.ts';
import { inTransaction, withServer } from './servers.ts';
import { distributeBucket, findCitus } from './citus.ts';
import { MIGRATION_LOCK } from '../migrate.ts';
import { SetUpError } from '../../domain/errors.ts';

/**
 * Makes the bucket of `number`, empty, with what the others know of the ledger: its months and what of
 * it was archived. One transaction: it is there as a whole or not at all. False when it was there.
 */
export async function makeBucket(client: pg.ClientBase, number: number): Promise<boolean> {
  return inTransaction(client, async () => {
    if (!(await noteBucket(client, number, null))) return false;
    await fillBucket(client, client, bucketSchema(number));
    await distributeBucket(client, bucketSchema(number));
    return true;
  });
}

/**
 * The same on another server, `host:port`, in a database of the same name, user and password as `url`
 * names. Cut short it is made by the next.
 */
export async function makeBucketOn(
  client: pg.ClientBase,
  number: number,
  { url, node }: { url: string; node: string },
): Promise<boolean> {
  return inTransaction(client, async () => {
    if (!(await noteBucket(client, number, node))) return false;
    await withServer(url, node, async (there) => {
      await assertNoMainTables(there, node);
      await assertNoCitus(there, node);
      await inTransaction(there, () => fillBucket(client, there, bucketSchema(number)));
    });
    return true;
  });
}

/** The main database by another name, or that of another installation, would be taken for a server of buckets for ever. */
async function assertNoMainTables(there: pg.ClientBase, node: string): Promise<void> {
  const { rows } = await there.query<{ main: boolean }>(
    `select to_regclass('public.metering_buckets') is not null as main`,
  );
  if (!rows[0]!.main) return;
  throw new SetUpError(
    `The database on ${node} holds the main tables of this or another installation. Name a server of its own with an empty database of that name; for more buckets beside the main tables name no server.`,
  );
}

/** On a worker of a cluster nobody but Citus makes schemas: each is there on every server. */
async function assertNoCitus(there: pg.ClientBase, node: string): Promise<void> {
  if ((await findCitus(there)) === undefined) return;
  throw new SetUpError(
    `The database on ${node} has Citus, which places buckets itself: say no --on, once the server is known to the coordinator by citus_add_node.`,
  );
}

/** False when it is there. Before anything is read of the others: whoever archives holds this table. */
async function noteBucket(
  client: pg.ClientBase,
  number: number,
  node: string | null,
): Promise<boolean> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [MIGRATION_LOCK]);
  const { rowCount } = await client.query(
    `insert into metering_buckets (number, node, migrated_to) values ($1, $2, $3)
     on conflict do nothing`,
    [number, node, node && newestBucketMigration()],
  );
  return rowCount === 1;
}

async function fillBucket(
  main: pg.ClientBase,
  client: pg.ClientBase,
  schema: string,
): Promise<void> {
  await migrateBucket(client, schema);
  await client.query('set local search_path to default');
  await assertSameVersion(main, client, schema);
  const { rows } = await main.query(`select * from ${DEFAULT_BUCKET}.usage_archives`);
  await client.query(
    `insert into ${schema}.usage_archives (period, file, sha256, rows, archived_at)
     select period, file, sha256, rows, archived_at
     from jsonb_populate_recordset(null::${schema}.usage_archives, $1)
     on conflict do nothing`,
    [JSON.stringify(rows)],
  );
  for (const period of await listPartitions(main, DEFAULT_BUCKET)) {
    await client.query(`select ${schema}.usage_ensure_partition($1)`, [period]);
  }
}

/** A database that a newer version migrated gets its buckets from that version too. */
async function assertSameVersion(
  main: pg.ClientBase,
  client: pg.ClientBase,
  schema: string,
): Promise<void> {
  const names = async (of: pg.ClientBase, name: string) => {
    const { rows } = await of.query<{ name: string }>(`select name from ${name}.bucket_migrations`);
    return rows.map((row) => row.name);
  };
  const made = new Set(await names(client, schema));
  const newer = (await names(main, DEFAULT_BUCKET)).find((name) => !made.has(name));
  if (newer === undefined) return;
  throw new Error(
    `This database was migrated by a newer version (${newer}): make buckets with that one.`,
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
