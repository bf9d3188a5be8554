import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { ClientBase } from 'pg';
import { bucketSqlOf } from './buckets.ts';

export const MIGRATIONS = `${import.meta.dirname}/migrations`;

/** The hashes of all migrations as they were released, by name: what no later version may change. */
export const HASHES_FILE = `${MIGRATIONS}/hashes.json`;

export interface MigrationFile {
  /** Such as `0003_billing_intents`. */
  name: string;
  /** Of its name: what is run in each bucket is found by it, whatever its place in the list. */
  number: number;
  /** When it was written, in milliseconds: the key under which a database knows it. */
  writtenAt: number;
  /** SHA-256 of its text, what of it is run in each bucket included. */
  hash: string;
  /** What of it is run once. */
  statements: string[];
}

let files: readonly MigrationFile[] | undefined;

/** The migrations of this version, oldest first. Read once a process: `/readyz` asks for them too. */
export function migrationFiles(): readonly MigrationFile[] {
  return (files ??= readFiles());
}

function readFiles(): MigrationFile[] {
  const journal = JSON.parse(readFileSync(`${MIGRATIONS}/meta/_journal.json`, 'utf8')) as {
    entries: { tag: string }[];
  };
  return readMigrationFiles({ migrationsFolder: MIGRATIONS }).map((file, index) => {
    const name = journal.entries[index]!.tag;
    const number = Number(name.slice(0, 4));
    return {
      ...{ name, number, writtenAt: file.folderMillis, statements: file.sql },
      hash: hashOf(file.hash, bucketSqlOf(number)),
    };
  });
}

function hashOf(ownHash: string, bucketSql: string): string {
  if (bucketSql === '') return ownHash;
  return createHash('sha256').update(ownHash).update(bucketSql).digest('hex');
}

export interface AppliedMigration {
  writtenAt: number;
  hash: string;
}

/** What a database says it has applied, oldest first. */
export async function appliedMigrations(client: ClientBase): Promise<AppliedMigration[]> {
  const { rows: known } = await client.query<{ table: string | null }>(
    `select to_regclass('drizzle.__drizzle_migrations')::text as table`,
  );
  if (known[0]!.table === null) return [];
  const { rows } = await client.query<{ created_at: string; hash: string }>(
    `select created_at, hash from drizzle.__drizzle_migrations order by created_at`,
  );
  return rows.map(({ created_at, hash }) => ({ writtenAt: Number(created_at), hash }));
}

/**
 * In which way a database's history is not the beginning of ours, in a sentence; `undefined` when it
 * is. One that a newer version has migrated further is no drift: versions run side by side while
 * processes are exchanged.
 */
export function findDrift(
  files: readonly Omit<MigrationFile, 'statements' | 'number'>[],
  applied: AppliedMigration[],
): string | undefined {
  const last = applied.at(-1)?.writtenAt ?? 0;
  for (const { name, writtenAt, hash } of files.filter((file) => file.writtenAt <= last)) {
    const here = applied.find((one) => one.writtenAt === writtenAt);
    if (!here) {
      return `The migration ${name} is missing in this database, and later ones are in it${WHAT_NOW}`;
    }
    if (here.hash !== hash) {
      const [was, is] = [here.hash, hash].map((one) => one.slice(0, 8));
      return `The migration ${name} is not the one that this database applied (${was} there, ${is} in this version)${WHAT_NOW}`;
    }
  }
  const newest = files.at(-1)?.writtenAt ?? 0;
  const strange = applied.find(
    (one) => one.writtenAt <= newest && !files.some((file) => file.writtenAt === one.writtenAt),
  );
  return (
    strange &&
    `This database applied a migration of ${new Date(strange.writtenAt).toISOString()} that this version does not have${WHAT_NOW}`
  );
}

const WHAT_NOW =
  ': start the version whose migrations it has, or run `npm run db:migrate -- --adopt`, which takes it as it is if its tables are exactly those of this version.';
