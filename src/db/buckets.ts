import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import { statementsOf } from './statements.ts';

/** The schema in which metering lives where nobody made more. */
export const DEFAULT_BUCKET = 'u00';

/** More have no name. */
export const BUCKETS_MAX = 100;

/** Number 3 is `u03`; the same as the database's `bucket_schema`. */
export const bucketSchema = (number: number) => `u${String(number).padStart(2, '0')}`;

/** `u03` is number 3. */
export const bucketNumber = (schema: string) => Number(schema.slice(1));

const FOLDER = `${import.meta.dirname}/bucket`;
const NAME = /^u\d\d$/;
/** `0013a_tables.sql` comes with migration 13 of the main tables. */
const FILE = /^(\d{4})[a-z]?_\w+\.sql$/;

interface BucketMigration {
  name: string;
  /** The migration of the main tables that it belongs to. */
  with: number;
}

const migrations: BucketMigration[] = readdirSync(FOLDER)
  .flatMap((name) => {
    const [, number] = FILE.exec(name) ?? [];
    return number === undefined ? [] : [{ name, with: Number(number) }];
  })
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** What of a migration is run in each bucket; '' for most. */
export function bucketSqlOf(number: number): string {
  return migrations
    .filter((migration) => migration.with === number)
    .map(({ name }) => readFileSync(`${FOLDER}/${name}`, 'utf8'))
    .join('\n');
}

/** The buckets of this database, by schema: those that migrations go through. */
export async function listBuckets(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ schema: string }>(
    `select nspname as schema from pg_namespace where nspname ~ '^u\\d\\d$' order by 1`,
  );
  return rows.map((row) => row.schema);
}

/**
 * Brings a bucket up to migration `through` of the main tables, making it where there is none. Runs
 * in the caller's transaction, whose search path it leaves at the bucket.
 */
export async function migrateBucket(
  client: pg.ClientBase,
  schema: string,
  through = Infinity,
): Promise<void> {
  if (!NAME.test(schema)) throw new Error(`"${schema}" is no bucket's name: u00 to u99.`);
  const due = migrations.filter((migration) => migration.with <= through);
  if (due.length === 0) return;
  await client.query(`create schema if not exists ${schema}`);
  await client.query(`set local search_path = ${schema}`);
  await client.query(
    `create table if not exists bucket_migrations (
       name text primary key, applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<{ name: string }>('select name from bucket_migrations');
  const applied = new Set(rows.map((row) => row.name));
  for (const { name } of due.filter((migration) => !applied.has(migration.name))) {
    // One by one: Citus hands the text that it was sent to the workers, where it must be one statement.
    for (const statement of statementsOf(readFileSync(`${FOLDER}/${name}`, 'utf8'))) {
      await client.query(statement);
    }
    await client.query('insert into bucket_migrations (name) values ($1)', [name]);
  }
}

/** The name of the newest: a bucket on a server of its own is noted to have it. */
export const newestBucketMigration = () => migrations.at(-1)!.name;

/**
 * Whether every bucket that tenants are in has every migration of this version. Those on other servers
 * are not asked, for they may be away: of Citus they are migrated with the main tables, and of the rest
 * it is noted.
 */
export async function areBucketsMigrated(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ number: number; node: string | null; noted: boolean }>(
    `select number, n.node, n.by_citus or b.migrated_to >= $1 as noted
     from bucket_nodes() n join metering_buckets b using (number)`,
    [newestBucketMigration()],
  );
  if (rows.some(({ node, noted }) => node !== null && !noted)) return false;
  const here = rows.filter(({ node }) => node === null);
  if (here.length === 0) return true;
  const counts = here.map(
    ({ number }) =>
      `select count(*)::int as n from ${bucketSchema(number)}.bucket_migrations where name = any($1)`,
  );
  const names = migrations.map(({ name }) => name);
  const found = await pool.query<{ n: number }>(counts.join(' union all '), [names]);
  return found.rows.every(({ n }) => n === names.length);
}
