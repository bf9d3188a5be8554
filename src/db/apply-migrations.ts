import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { DEFAULT_BUCKET, listBuckets, migrateBucket } from './buckets.ts';
import { buildAhead } from './buckets/ahead.ts';
import { databaseCode } from './database-error.ts';
import type { MigrationFile } from './migration-files.ts';

/**
 * A migration that has to wait for a lock stands in the way of everybody behind it, and may wait for
 * somebody who waits for it. So it gives up before the server looks for a deadlock (after 1 s), which
 * could end the other one, and comes again.
 */
const LOCK_WITHIN_MS = 400;
/** An autovacuum steps aside only for who waits longer than that second. */
const ASIDE_WITHIN_MS = 1_500;
const PAUSE_MS = 250;
const TRIES_MAX = 200;
const STAYS_BUSY =
  'Somebody keeps the tables busy (a long export, a backup, an open transaction), so the database was left as it is; run npm run db:migrate again when that is over.';

/** A lock was not had, a statement took too long, a deadlock, a serialization failure. */
const BUSY = new Set(['55P03', '57014', '40P01', '40001']);

/** Migrations that need several tables for themselves take them by one statement of their own. */
const LOCKS = /^(?:\s*--[^\n]*\n)*\s*lock table ([\w,\s]+?) in access exclusive mode/;

/**
 * Makes the migrations that are due, one transaction each, together with the part of it that is run
 * in every bucket. Processes of the version before may go on serving meanwhile.
 */
export async function applyMigrations(
  client: Client,
  files: readonly MigrationFile[],
  appliedUntil: number,
): Promise<void> {
  await client.query('create schema if not exists drizzle');
  await client.query(
    `create table if not exists drizzle.__drizzle_migrations (
       id serial primary key, hash text not null, created_at bigint
     )`,
  );
  for (const file of files) {
    if (file.writtenAt <= appliedUntil) continue;
    await repeatedly(() =>
      unlessBusy(async () => {
        for (const bucket of await listBuckets(client))
          await buildAhead(client, bucket, file.number);
      }),
    );
    await patiently(
      client,
      () => apply(client, file),
      () => askAside(client, file),
    );
  }
}

async function apply(client: Client, file: MigrationFile): Promise<void> {
  for (const statement of file.statements) {
    const locks = LOCKS.test(statement);
    // All of its locks together, not each.
    if (locks) await client.query(`set local statement_timeout = ${LOCK_WITHIN_MS}`);
    await client.query(statement);
    if (locks) await client.query('set local statement_timeout = 0');
  }
  await recordMigration(client, file);
  for (const bucket of new Set([DEFAULT_BUCKET, ...(await listBuckets(client))])) {
    await migrateBucket(client, bucket, file.number);
  }
}

/** Asks for each of the tables for a while, holding no other: nobody can wait for us in a circle. */
async function askAside(client: Client, file: MigrationFile): Promise<void> {
  const tables = file.statements.flatMap(
    (statement) => LOCKS.exec(statement)?.[1]?.split(',') ?? [],
  );
  for (const table of tables) {
    await tryOnce(client, ASIDE_WITHIN_MS, async () => {
      await client.query(`lock table ${table.trim()} in access exclusive mode`);
    });
  }
}

/** Notes in the database that a migration was made, where drizzle-kit notes it. */
export async function recordMigration(
  client: Client,
  { hash, writtenAt }: MigrationFile,
): Promise<void> {
  await client.query(
    'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)',
    [hash, writtenAt],
  );
}

/**
 * Runs `work` as one transaction, and again when a lock was not had in time; every fourth time after
 * `askingAside`.
 */
export async function patiently(
  client: Client,
  work: () => Promise<void>,
  askingAside?: () => Promise<void>,
): Promise<void> {
  await repeatedly(async (attempt) => {
    if (attempt % 4 === 0) await askingAside?.();
    return tryOnce(client, LOCK_WITHIN_MS, work);
  });
}

/** Comes again, with a pause, until `once` says that it was done. */
async function repeatedly(once: (attempt: number) => Promise<boolean>): Promise<void> {
  for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
    if (await once(attempt)) return;
    await pause(PAUSE_MS);
  }
  throw new Error(STAYS_BUSY);
}

/** One transaction. False when it was not to be had because others are at work. */
function tryOnce(
  client: Client,
  lockWithinMs: number,
  work: () => Promise<void>,
): Promise<boolean> {
  return unlessBusy(async () => {
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${lockWithinMs}`);
      await work();
      await client.query('commit');
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      throw error;
    }
  });
}

/** False where others who are at work stood in the way. */
async function unlessBusy(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!BUSY.has(databaseCode(error) ?? '')) throw error;
    return false;
  }
}
