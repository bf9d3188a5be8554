import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import type { WorldOptions } from './world.ts';

const TEMPLATE = 'template_faults';

/** A PostgreSQL for one run outside the test runner, with a migrated database to clone. */
export async function startRunPostgres(): Promise<{
  postgres: WorldOptions['postgres'];
  stop(): Promise<void>;
}> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-faults-postgres-'));
  // What a run wrote need not outlive the machine.
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '1000' };
  const server = await startEmbeddedPostgres({ dataDir, database: TEMPLATE, settings });
  await migrateDatabase(server.url());
  return {
    postgres: { adminUrl: server.url('postgres'), template: TEMPLATE },
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
