import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { postgresAccount } from '../../src/db/embedded/account.ts';
import { freePort } from '../../src/db/embedded/free-port.ts';

/** Where distributions and installers put a server of PostgreSQL with its tools. */
const PLACES = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/pgsql', '/usr/pgsql'];
const TOOLS = ['initdb', 'pg_ctl', 'postgres', 'pg_dump', 'pg_restore'];

/** The newest whole installation on this machine, of 15 or later: the bundled one has no `pg_dump`. */
export function findSystemPostgres(): string | undefined {
  return PLACES.filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => path.join(place, name, 'bin')))
    .map((bin) => ({ bin, version: Number(/(\d+)\/bin$/.exec(bin)?.[1] ?? 0) }))
    .filter(({ bin, version }) => version >= 15 && hasAll(bin))
    .sort((a, b) => b.version - a.version)[0]?.bin;
}

const hasAll = (bin: string) => TOOLS.every((tool) => existsSync(path.join(bin, tool)));

export interface SystemPostgres {
  /** The address of a database there. */
  url(database: string): string;
  /** Runs one of its tools, which may read `input`; answers what it wrote, byte by byte. */
  tool(name: string, words: string[], options?: { input?: Buffer }): Buffer;
  stop(): void;
}

/** Starts the machine's own PostgreSQL in a folder of its own, on a free port of loopback. */
export async function startSystemPostgres(bin: string): Promise<SystemPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-system-'));
  chmodSync(folder, 0o755);
  const { uid, gid } = postgresAccount([folder]);
  const ids = uid === undefined ? {} : { uid, gid };
  if (uid !== undefined) chownSync(folder, uid, gid!);
  const run: SystemPostgres['tool'] = (name, words, { input } = {}) =>
    execFileSync(path.join(bin, name), words, {
      ...ids,
      cwd: folder,
      maxBuffer: 256 * 1024 * 1024,
      ...(input ? { input } : {}),
      stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
  const data = path.join(folder, 'data');
  const port = await freePort();
  run('initdb', ['-D', data, '-U', 'tester', '--auth=trust', '-E', 'UTF8', '--no-sync']);
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off`;
  // With a log of its own: a server that keeps our pipe open would never let the call end.
  run('pg_ctl', ['-D', data, '-o', settings, '-l', path.join(folder, 'log'), '-w', 'start']);
  return {
    url: (database) => `postgres://tester@127.0.0.1:${port}/${database}`,
    tool: run,
    stop() {
      run('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
