import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { freePort } from '../../src/db/embedded/free-port.ts';

/** When Redis brings its append-only file to the disk: before each answer, or once a second. */
export type Fsync = 'always' | 'everysec';

export interface RedisServer {
  client: RedisClient;
  stop(): Promise<void>;
}

export type RedisClient = Awaited<ReturnType<typeof connect>>;

/** Starts `binary` in a folder of its own, with everything else as Redis has it by default. */
export async function startRedis(binary: string, fsync: Fsync): Promise<RedisServer> {
  const dir = mkdtempSync(join(tmpdir(), 'squaretable-bench-redis-'));
  const port = await freePort();
  const settings = {
    port,
    dir,
    bind: '127.0.0.1',
    save: '',
    appendonly: 'yes',
    appendfsync: fsync,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn(binary, args, { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => resolve());
    server.once('error', () => resolve());
  });
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await once(server, 'spawn').catch((error: Error) => {
      throw new Error(`REDIS_SERVER cannot be started: ${error.message}`);
    });
    const client = await Promise.race([
      connect(port),
      ended.then(() => {
        throw new Error(
          `${binary} ended at once. REDIS_SERVER names a redis-server of 7 or later.`,
        );
      }),
    ]);
    return {
      client,
      async stop() {
        client.destroy();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Commands of one turn of the event loop leave together, which is the client's own way. */
async function connect(port: number) {
  const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 50 } });
  // Until the server listens; what fails later fails its call.
  client.on('error', () => {});
  return client.connect();
}
