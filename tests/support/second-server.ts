import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded.ts';
import { makeBucketOn } from '../../src/db/buckets/make-bucket.ts';

/** A PostgreSQL that holds buckets of metering and none of the main tables. */
export interface SecondServer {
  /** `host:port`. */
  node: string;
  /** Its own process, while it runs. */
  pid(): number | undefined;
  stop(): Promise<void>;
  /** Again on the same port, with what it held. */
  start(): Promise<void>;
  /** Ends it and removes its files. */
  remove(): Promise<void>;
}

/** One beside the database `url`, with a database of the same name that takes the same password. */
export async function startSecondServer(url: string): Promise<SecondServer> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-node-'));
  const { pathname, username, password } = new URL(url);
  const taken = decodeURIComponent(password);
  const options = {
    dataDir,
    database: pathname.slice(1),
    settings: { fsync: 'off', full_page_writes: 'off' },
  };
  let server: EmbeddedPostgres | undefined = await startEmbeddedPostgres(options);
  const { port } = server;
  const admin = new pg.Client(server.url());
  await admin.connect();
  await admin.query(
    `alter role ${pg.escapeIdentifier(username)} password ${pg.escapeLiteral(taken)}`,
  );
  await admin.end();
  writeFileSync(path.join(dataDir, 'password'), taken);
  const stop = async () => {
    await server?.stop();
    server = undefined;
  };
  return {
    node: `127.0.0.1:${port}`,
    pid: () => server?.pid(),
    stop,
    async start() {
      server = await startEmbeddedPostgres({ ...options, port });
    },
    async remove() {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Makes the bucket of `number` there. */
export async function makeBucketThere(url: string, number: number, node: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await makeBucketOn(client, number, { url, node });
  } finally {
    await client.end();
  }
}
