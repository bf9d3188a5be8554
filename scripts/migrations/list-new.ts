import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { HASHES_FILE, migrationFiles } from '../../src/db/migration-files.ts';

/**
 * Adds the hashes of migrations that are not listed so far. Throws a sentence for one that was
 * changed after it had been listed: databases that have applied it would never learn of it.
 */
export function listNewMigrations(): void {
  const listed = existsSync(HASHES_FILE)
    ? (JSON.parse(readFileSync(HASHES_FILE, 'utf8')) as Record<string, string>)
    : {};
  const files = migrationFiles();
  const changed = files.find(
    ({ name, hash }) => listed[name] !== undefined && listed[name] !== hash,
  );
  if (changed) {
    throw new Error(
      `The migration ${changed.name} was changed after it was listed in src/db/migrations/hashes.json. Where it was released, bring it back and add another; where only you have it, take its line out of the list and run this again.`,
    );
  }
  const hashes = Object.fromEntries(files.map(({ name, hash }) => [name, hash]));
  writeFileSync(HASHES_FILE, `${JSON.stringify(hashes, null, 2)}\n`);
}
