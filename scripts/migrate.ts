import { parseArgs } from 'node:util';
import './operator/env-file.ts';
import { migrateDatabase, planMigration } from '../src/db/migrate.ts';
import { decideConfig } from '../src/server/config/config.ts';
import { readEnv } from '../src/server/config/env.ts';
import { runCommand } from './operator/command.ts';
import { reachDatabase } from './operator/database.ts';

const USAGE =
  'npm run db:migrate                  brings the database to the shape of this version\n' +
  'npm run db:migrate -- --dry-run     says what that would apply\n' +
  'npm run db:migrate -- --adopt       takes a history that differs, where the tables are the same';

/** `db:migrate`: brings the configured database up to date, starting the bundled one if need be. */
await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      adopt: { type: 'boolean', default: false },
    },
  });
  const reached = await reachDatabase(decideConfig(readEnv()).database);
  try {
    if (values['dry-run']) {
      const { applied, newest, drift } = await planMigration(reached.url);
      console.log(applied.length > 0 ? `Would apply ${applied.join(', ')}.` : upToDate(newest));
      if (drift) console.error(drift);
      return drift === undefined;
    }
    const { applied, newest } = await migrateDatabase(reached.url, { adopt: values.adopt });
    console.log(applied.length > 0 ? `Applied ${applied.join(', ')}.` : upToDate(newest));
    return true;
  } finally {
    await reached.close();
  }
});

function upToDate(newest: string): string {
  return `Nothing to do: the database is up to date (${newest}).`;
}
