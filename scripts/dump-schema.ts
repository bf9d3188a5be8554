import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openDatabase } from '../src/db/client.ts';
import { dumpSchemas } from '../src/db/dump-schema.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { listNewMigrations } from './migrations/list-new.ts';

/**
 * `db:dump`: migrates an empty database and writes what came of it to `src/db/schema.sql`, and the
 * hashes of new migrations to their list.
 */
listNewMigrations();
const dataDir = mkdtempSync(join(tmpdir(), 'squaretable-dump-'));
try {
  const server = await startEmbeddedPostgres({ dataDir, settings: { fsync: 'off' } });
  try {
    await migrateDatabase(server.url());
    const database = openDatabase({ url: server.url() });
    writeFileSync(
      resolve(import.meta.dirname, '../src/db/schema.sql'),
      await dumpSchemas(database.pool),
    );
    await database.close();
  } finally {
    await server.stop();
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
