import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import { DEFAULT_BUCKET, listBuckets, migrateBucket } from './buckets.ts';
import { databaseCode } from './database-error.ts';
import type { MigrationFile } from './migration-files.ts';

/**
 * A migration that has to wait for a lock stands in the way of everybody behind it, and may wait for
 * somebody who waits for it. So it gives up before the server looks for a deadlock (after 1 s), and
 * comes again. Every fourth try waits longer: an autovacuum steps aside only after that second.
 */
const LOCK_WITHIN_MS = 400;
const LOCK_WITHIN_LONGER_MS = 1_500;
const PAUSE_MS = 250;
const TRIES_MAX = 200;
const STAYS_BUSY =
  'Somebody keeps the tables busy (a long export, a backup, an open transaction), so the database was left as it is; run npm run db:migrate again when that is over.';

/** A lock was not had, a deadlock, a serialization failure. */
const BUSY = new Set(['55P03', '40P01', '40001']);

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
  for (const [number, file] of files.entries()) {
    if (file.writtenAt <= appliedUntil) continue;
    await patiently(client, () => apply(client, number, file));
  }
}

async function apply(client: Client, number: number, file: MigrationFile): Promise<void> {
  for (const statement of file.statements) await client.query(statement);
  await recordMigration(client, file);
  for (const bucket of new Set([DEFAULT_BUCKET, ...(await listBuckets(client))])) {
    await migrateBucket(client, bucket, number);
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

/** Runs `work` as one transaction, and again when a lock was not had in time. */
export async function patiently(client: Client, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const within = attempt % 4 === 0 ? LOCK_WITHIN_LONGER_MS : LOCK_WITHIN_MS;
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${within}`);
      await work();
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (!BUSY.has(databaseCode(error) ?? '')) throw error;
      if (attempt === TRIES_MAX) throw new Error(STAYS_BUSY, { cause: error });
    }
    await pause(PAUSE_MS);
  }
}
