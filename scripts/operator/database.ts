import path from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { readPassword } from '../../src/db/embedded/password.ts';
import { isPostgres, readPostmaster } from '../../src/db/embedded/postmaster.ts';
import type { DatabaseConfig } from '../../src/server/config/config.ts';

export interface OperatorDatabase {
  url: string;
  /** Ends what was started for this command alone. */
  close(): Promise<void>;
}

/** The configured database: the bundled one is used where it runs already, else started. */
export async function reachDatabase(config: DatabaseConfig): Promise<OperatorDatabase> {
  if (config.kind === 'url') return { url: config.url, close: async () => {} };
  const { dataDir } = config;
  const running = readPostmaster(path.join(dataDir, 'cluster'));
  if (running?.ready && isPostgres(running.pid)) {
    const url = `postgres://squaretable:${readPassword(dataDir)}@127.0.0.1:${running.port}/squaretable`;
    return { url, close: async () => {} };
  }
  const server = await startEmbeddedPostgres({ dataDir });
  return { url: server.url(), close: () => server.stop() };
}
