import { execFile } from 'node:child_process';
import { setTimeout as inTime } from 'node:timers/promises';
import pg from 'pg';
import { CITUS_URL } from '../support/citus.ts';

/**
 * How whoever runs this kills a server of the cluster, with no time to end anything, and starts it again: commands
 * for the shell, each given the server's host and port.
 */
const { CITUS_KILL, CITUS_START } = process.env;

export const canKillServers =
  CITUS_URL !== undefined && CITUS_KILL !== undefined && CITUS_START !== undefined;

const START_WITHIN_MS = 120_000;
const AGAIN_AFTER_MS = 500;

/** `node` is `host:port`. */
export async function killServer(node: string): Promise<void> {
  await command('CITUS_KILL', CITUS_KILL!, node);
}

/**
 * Starts a server that was killed; resolves when it takes connections. What it left may keep its memory for a
 * moment, and then it does not start.
 */
export async function startServer(node: string): Promise<void> {
  const until = performance.now() + START_WITHIN_MS;
  for (;;) {
    if (await takesConnections(node)) return;
    const refused = await command('CITUS_START', CITUS_START!, node).catch((error: Error) => error);
    if (await takesConnections(node)) return;
    if (performance.now() > until) {
      throw new Error(`The server ${node} does not start.`, { cause: refused });
    }
    await inTime(AGAIN_AFTER_MS);
  }
}

async function takesConnections(node: string): Promise<boolean> {
  const url = Object.assign(new URL(CITUS_URL!), { host: node });
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

/** Its output is not waited for: a server that it starts may hold that for as long as it lives. */
function command(name: string, text: string, node: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${node}`);
  return new Promise((resolve, reject) => {
    const child = execFile('/bin/sh', ['-c', `${text} "$@"`, name, hostname, port]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream!.on('data', (chunk: string) => (output += chunk));
    }
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}: ${output}`)),
    );
  });
}
