import './operator/env-file.ts';
import { migrateDatabase, planMigration } from '../src/db/migrate.ts';
import { decideForCommand } from '../src/server/config/config.ts';
import { readEnv } from '../src/server/config/env.ts';
import { runCommand } from './operator/command.ts';
import type { Result } from './operator/command-types.ts';
import { reachDatabase } from './operator/database.ts';

await runCommand({
  name: 'db:migrate',
  about:
    'Brings the configured database to the shape of this version; starts the bundled one if need be.',
  examples: [
    ['', 'applies what is missing'],
    ['--dry-run', 'says what that is'],
    ['--adopt', 'takes a history that differs, where the tables are the same'],
  ],
  flags: {
    adopt: { type: 'boolean', about: 'takes a database whose history is another than ours' },
  },
  writes: true,
  async run({ values, dryRun }): Promise<Result> {
    const reached = await reachDatabase(decideForCommand(readEnv()).database);
    try {
      if (!dryRun) {
        const { applied, newest } = await migrateDatabase(reached.url, { adopt: values.adopt });
        return { lines: [sentence('Applied', applied, newest)], data: { applied, newest } };
      }
      const { applied, newest, drift } = await planMigration(reached.url);
      return {
        lines: [sentence('Would apply', applied, newest), ...(drift ? [drift] : [])],
        data: { wouldApply: applied, newest, drift: drift ?? null },
        needsPerson: drift !== undefined,
      };
    } finally {
      await reached.close();
    }
  },
});

function sentence(verb: string, applied: string[], newest: string): string {
  return applied.length > 0
    ? `${verb} ${applied.join(', ')}.`
    : `Nothing to do: the database is up to date (${newest}).`;
}
