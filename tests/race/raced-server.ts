import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { makeBuckets } from '../support/buckets.ts';
import { CITUS_URL, createCitusDatabase, dropCitusDatabase } from '../support/citus.ts';

/** A migrated database with `BUCKETS` buckets that processes of their own race on. */
export interface RacedServer {
  url: string;
  /** For what the processes write; goes with the server. */
  folder: string;
  /** The server's process, whom to kill; undefined while there is none. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

/** A server of the test alone; where a cluster is set, a database of it, whose servers nobody kills. */
export async function startRacedServer(name: string): Promise<RacedServer> {
  const buckets = Number(process.env.BUCKETS ?? 1);
  const folder = mkdtempSync(path.join(tmpdir(), `squaretable-${name}-`));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  if (CITUS_URL !== undefined) {
    const database = `race_${randomBytes(8).toString('hex')}`;
    const url = await createCitusDatabase(database, buckets);
    const stop = () => dropCitusDatabase(database).finally(removeFolder);
    return { url, folder, pid: () => undefined, stop };
  }
  const server = await startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres') });
  await migrateDatabase(server.url());
  await makeBuckets(server.url(), buckets);
  const stop = () => server.stop().finally(removeFolder);
  return { url: server.url(), folder, pid: () => server.pid(), stop };
}
