import { decideConfig } from '../src/server/config/config.ts';
import { readEnv } from '../src/server/config/env.ts';
import { startEmbeddedPostgres } from '../src/db/embedded.ts';
import { migrateDatabase } from '../src/db/migrate.ts';

/** `db:migrate`: brings the configured database up to date, starting the bundled one if need be. */
try {
  const { database } = decideConfig(readEnv());
  if (database.kind === 'url') {
    await migrateDatabase(database.url);
  } else {
    const server = await startEmbeddedPostgres({ dataDir: database.dataDir });
    await migrateDatabase(server.url()).finally(() => server.stop());
  }
  console.log('The database is up to date.');
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
