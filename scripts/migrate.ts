import './operator/env-file.ts';
import { migrateDatabase } from '../src/db/migrate.ts';
import { decideConfig } from '../src/server/config/config.ts';
import { readEnv } from '../src/server/config/env.ts';
import { runCommand } from './operator/command.ts';
import { reachDatabase } from './operator/database.ts';

/** `db:migrate`: brings the configured database up to date, starting the bundled one if need be. */
await runCommand('npm run db:migrate', async () => {
  const reached = await reachDatabase(decideConfig(readEnv()).database);
  try {
    await migrateDatabase(reached.url);
  } finally {
    await reached.close();
  }
  console.log('The database is up to date.');
  return true;
});
