import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { applyMigrations, patiently, recordMigration } from './apply-migrations.ts';
import { areBucketsMigrated } from './buckets.ts';
import { dumpSchemas } from './dump-schema.ts';
import { publishFirstPlans } from './catalogue/first-plans.ts';
import { migrateServers } from './buckets/servers.ts';
import { appliedMigrations, findDrift, migrationFiles } from './migration-files.ts';

/** Whoever changes tables takes this lock. */
export const MIGRATION_LOCK = 'squaretable:migrate';
const OLDEST_SERVER = 150_000;
const TURN_PAUSE_MS = 100;
/** A server that hangs takes connections and says nothing: without a limit neither would a start. */
const CONNECT_WITHIN_MS = 10_000;

export interface MigrateOptions {
  /** Takes a history that differs from ours for ours, when the tables are exactly ours. */
  adopt?: boolean;
  /** How many migrations there are to be: those of an older version. All unless told. */
  upTo?: number;
}

export interface Migrated {
  /** Names of what was applied now, oldest first. */
  applied: string[];
  /** The newest that is in. */
  newest: string;
}

/**
 * Brings the database's tables up to date, while processes of the version before may go on serving.
 * Processes that start at once take turns. Throws one sentence when the server is older than what the
 * migrations need, or when its history is another than ours.
 */
export async function migrateDatabase(
  url: string,
  options: MigrateOptions = {},
): Promise<Migrated> {
  return connected(url, async (client) => {
    await assertNewEnough(client);
    await client.query(`set client_min_messages = warning`);
    await takeTurn(client);
    const files = migrationFiles().slice(0, options.upTo);
    const before = await appliedMigrations(client);
    const drift = findDrift(files, before);
    if (drift && !options.adopt) throw new Error(drift);
    const last = before.at(-1)?.writtenAt ?? 0;
    await applyMigrations(client, files, last);
    if (drift) await adopt(client);
    if (options.upTo === undefined) await migrateServers(client, url);
    await patiently(client, () => publishFirstPlans(client));
    const applied = files.filter(({ writtenAt }) => writtenAt > last).map(({ name }) => name);
    return { applied, newest: files.at(-1)!.name };
  });
}

/** What a migration would apply, and the sentence with which it would be refused. Changes nothing. */
export async function planMigration(
  url: string,
): Promise<Migrated & { drift: string | undefined }> {
  return connected(url, async (client) => {
    await assertNewEnough(client);
    const files = migrationFiles();
    const before = await appliedMigrations(client);
    const last = before.at(-1)?.writtenAt ?? 0;
    return {
      applied: files.filter(({ writtenAt }) => writtenAt > last).map(({ name }) => name),
      newest: files.findLast(({ writtenAt }) => writtenAt <= last)?.name ?? 'none',
      drift: findDrift(files, before),
    };
  });
}

/** Asks now and then: an index that is built ahead waits for every statement under way, also one that waits. */
async function takeTurn(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as taken',
      [MIGRATION_LOCK],
    );
    if (rows[0]!.taken) return;
    await pause(TURN_PAUSE_MS);
  }
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'squaretable migrate',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  });
  // A connection that breaks is told by the statement that fails of it.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function assertNewEnough(client: pg.Client): Promise<void> {
  const version = await client.query<{ server_version_num: string }>('show server_version_num');
  const found = Number(version.rows[0]!.server_version_num);
  if (found >= OLDEST_SERVER) return;
  throw new Error(
    `PostgreSQL ${Math.floor(found / 10_000)} is too old: DATABASE_URL needs 15 or newer.`,
  );
}

/** Writes our history over the database's. Throws when its tables are not ours. */
async function adopt(client: pg.Client): Promise<void> {
  const ours = readFileSync(`${import.meta.dirname}/schema.sql`, 'utf8');
  const [wanted, found] = [ours, await dumpSchemas(client)].map((text) => text.split('\n'));
  const at = wanted!.findIndex((line, index) => line !== found![index]);
  if (at >= 0 || wanted!.length !== found!.length) {
    throw new Error(
      `The tables of this database are not those of this version, so its history was left as it is; the first difference: "${found![at]?.trim() ?? ''}" instead of "${wanted![at]?.trim() ?? ''}".`,
    );
  }
  await client.query('begin');
  await client.query('delete from drizzle.__drizzle_migrations');
  for (const file of migrationFiles()) await recordMigration(client, file);
  await client.query('commit');
}

/** Whether every migration of this release is in, in every bucket: what `/readyz` asks. */
export async function isMigrated(pool: pg.Pool): Promise<boolean> {
  const latest = migrationFiles().at(-1)!.writtenAt;
  const done = await pool.query<{ at: string | null }>(
    `select max(created_at) as at from drizzle.__drizzle_migrations`,
  );
  return Number(done.rows[0]!.at) >= latest && areBucketsMigrated(pool);
}
