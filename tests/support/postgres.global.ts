import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the run's server, its path the administrative database. */
    postgresUrl: string;
  }
}

export const TEMPLATE = 'template_squaretable';

/**
 * One server for the run, in a temporary folder, and one migrated database that every test file
 * clones. `fsync` is off: a test's data need not outlive the machine.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'squaretable-postgres-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
    const server = await startEmbeddedPostgres({ dataDir, database: TEMPLATE, settings });
    try {
      await migrateDatabase(server.url());
      project.provide('postgresUrl', server.url('postgres'));
    } catch (error) {
      await server.stop();
      throw error;
    }
    return async () => {
      await server.stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
