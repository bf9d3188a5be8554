import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { bundleApp } from './app-bundle.ts';
import { makeBuckets } from './buckets.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the run's server, its path the administrative database. */
    postgresUrl: string;
  }
}

export const TEMPLATE = 'template_squaretable';

/** Over how many buckets tenants are spread; the long forms take 4 and 16. */
const BUCKETS = Number(process.env.BUCKETS ?? 1);

/**
 * One server for the run, in a temporary folder, and one migrated database that every test file
 * clones. `fsync` is off: a test's data need not outlive the machine.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'squaretable-postgres-'));
  const codeDir = mkdtempSync(join(tmpdir(), 'squaretable-code-'));
  const undo = [dataDir, codeDir].map((folder) => () => removeWhole(folder));
  const remove = () => undo.forEach((step) => step());
  try {
    // Tests start the product and its commands some two hundred times in processes of their own.
    process.env.NODE_COMPILE_CACHE = codeDir;
    if (project.name === 'integration') {
      const bundle = await bundleApp();
      undo.push(bundle.remove);
      process.env.APP_BUNDLE = bundle.file;
    }
    const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' };
    const server = await startEmbeddedPostgres({ dataDir, database: TEMPLATE, settings });
    try {
      await migrateDatabase(server.url());
      await makeBuckets(server.url(), BUCKETS);
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

/**
 * Workers that end write what they compiled while their folder is removed, and a file that is renamed under
 * it ends a removal early, without an error.
 */
function removeWhole(folder: string): void {
  for (let tries = 0; tries < 100 && existsSync(folder); tries += 1) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
