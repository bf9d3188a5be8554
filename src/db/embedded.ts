import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { assertWritable } from './embedded/folder.ts';
import { postgresAccount, type Account } from './embedded/account.ts';
import { findBinaries, type Binaries } from './embedded/binaries.ts';
import { freePort } from './embedded/free-port.ts';
import { initialise } from './embedded/initialise.ts';
import { keepRunning } from './embedded/keep-running.ts';
import { lastWords } from './embedded/last-words.ts';
import { readPassword } from './embedded/password.ts';
import { clearLeftovers, readPostmaster } from './embedded/postmaster.ts';

export interface EmbeddedPostgres {
  port: number;
  /** The server's own process, also after a restart of it. */
  pid(): number | undefined;
  /** Connection string for `database`; by default the product's. */
  url(database?: string): string;
  /** Ends every session and the server. Resolves when its process is gone. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  dataDir: string;
  /** Made when missing. */
  database?: string;
  /** Server settings beside ours: tests turn `fsync` off. */
  settings?: Record<string, string>;
  port?: number;
  /** Told when the server died, and when it did not come back at once. */
  onCrash?: (sentence: string) => void;
  /** Aborts a first start, which takes seconds; what it made so far is removed by the next. */
  signal?: AbortSignal;
}

const USER = 'squaretable';

/**
 * Settings of a bundled server: reachable from this machine only, durable, and not checkpointing
 * every few seconds under load. `jit` costs more than it saves on our short statements.
 */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  timezone: 'UTC',
  log_timezone: 'UTC',
  shared_buffers: `${sharedBuffersMegabytes()}MB`,
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  jit: 'off',
};

/** An eighth of the memory: enough for the indexes of a busy month, modest on a laptop. */
function sharedBuffersMegabytes(): number {
  return Math.round(Math.min(1024, Math.max(128, totalmem() / 8 / 1024 ** 2)));
}

/**
 * Starts the PostgreSQL that comes with the package, its files under `dataDir`; the first start
 * makes them. The server ends with this process, also when that is killed; one that dies before is
 * started again on the same port. Throws one sentence that says what to do when the folder cannot
 * be used.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const cluster = join(dataDir, 'cluster');
  await assertWritable(dataDir);
  const binaries = await findBinaries();
  const account = postgresAccount([dataDir, binaries.postgres]);
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    await initialise({ dataDir, cluster, user: USER, binaries, account, signal: options.signal });
  }
  options.signal?.throwIfAborted();

  const password = readPassword(dataDir);
  const port = options.port ?? (await freePort());
  const settings = { ...SETTINGS, ...options.settings };
  const server = await keepRunning({
    start: async () => {
      await clearLeftovers(cluster);
      return launch({ dataDir, cluster, port, settings, binaries, account });
    },
    stop,
    onCrash: options.onCrash ?? (() => {}),
  });
  const url = (database = options.database ?? USER) =>
    `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  try {
    await ensureDatabase(url('postgres'), options.database ?? USER);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { port, url, pid: () => readPostmaster(cluster)?.pid, stop: () => server.stop() };
}

/**
 * Runs the server under a shell that ends it when our end of its stdin closes, which happens
 * however this process dies. Its own process group keeps Ctrl-C from reaching it before us.
 */
const KEEPER = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ while read -r _; do :; done <&3; kill -INT $server 2>/dev/null; } &
keeper=$!
exec 3<&-
wait $server
status=$?
kill $keeper 2>/dev/null
wait $keeper 2>/dev/null
exit $status`;

interface Launch {
  dataDir: string;
  cluster: string;
  port: number;
  settings: Record<string, string>;
  binaries: Binaries;
  account: Account;
}

async function launch(l: Launch): Promise<ChildProcess> {
  const flags = Object.entries(l.settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const command = [l.binaries.postgres, '-D', l.cluster, '-p', String(l.port), ...flags];
  const kept =
    process.platform === 'win32' ? command : ['/bin/sh', '-c', KEEPER, 'keeper', ...command];
  const [program, ...args] = [...l.account.prefix, ...kept];
  const logFile = join(l.dataDir, 'server.log');
  const log = openSync(logFile, 'w');
  const child = spawn(program!, args, {
    uid: l.account.uid,
    gid: l.account.gid,
    cwd: '/',
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  child.stdin!.on('error', () => {});
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  while (!readPostmaster(l.cluster)?.ready) {
    if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) {
      const why = failure?.message ?? lastWords(readFileSync(logFile, 'utf8'));
      throw new Error(`PostgreSQL did not start: ${why} (see ${logFile})`);
    }
    await pause(20);
  }
  child.unref();
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.ref();
  const gone = new Promise((done) => child.once('exit', done));
  if (process.platform === 'win32') child.kill('SIGINT');
  else child.stdin!.end();
  await gone;
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  // A server that dies in the middle of it is told by the query; the event would be nobody's and end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
