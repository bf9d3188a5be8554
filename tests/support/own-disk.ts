import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface OnOwnDisk {
  url: string;
  stripeUrl: string;
  ingestToken: string;
  pid: number;
  /** The data folder, as it is seen from outside. */
  dataDir: string;
  /** What was said and logged. */
  output(): string;
  /** Takes all the room that is left. */
  fill(): void;
  makeRoom(): void;
  /** Ctrl-C; answers how it ended. */
  stop(): Promise<number | string>;
  /** Ends it however it is, and removes its folder. */
  remove(): Promise<void>;
}

/** A disk as large as told is mounted at a folder that the command alone sees; it goes with the command. */
const MOUNT = 'mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$2" && shift 2 && exec "$@"';

/**
 * `npm start` with a disk of its own as its data folder, of `size` (`4m`), which a test can really fill.
 * It needs Linux, where anybody may mount within a namespace.
 */
export async function startOnOwnDisk(
  size: string,
  env: Record<string, string> = {},
): Promise<OnOwnDisk> {
  const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-disk-'));
  const uid = process.getuid!();
  const alone = uid === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const again =
    uid === 0 ? [] : ['unshare', `--map-user=${uid}`, `--map-group=${process.getgid!()}`];
  const start = [...again, process.execPath, 'scripts/start.ts'];
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = spawn('unshare', [...alone, 'sh', '-c', MOUNT, 'sh', size, folder, ...start], {
    env: {
      ...{ PATH, HOME, NODE_COMPILE_CACHE, DATA_DIR: folder, LOG_LEVEL: 'warn' },
      ...{ PORT: '0', LOCAL_STRIPE_PORT: '0', ...env },
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ended = new Promise<number | string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Ctrl-C stops everything')) resolve();
      });
    }
  });
  const remove = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const isReady = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (!isReady) {
    await remove();
    throw new Error(`It did not start: ${output}`);
  }
  const said = (name: string) => new RegExp(`${name} +(\\S+)`).exec(output)![1]!;
  const dataDir = `/proc/${child.pid}/root${folder}`;
  const filler = path.join(dataDir, 'filler');
  return {
    url: said('App').replace('localhost', '127.0.0.1'),
    stripeUrl: new URL(said('Local Stripe')).origin,
    ingestToken: said('Ingest token'),
    pid: child.pid!,
    dataDir,
    output: () => output,
    fill: () => fill(filler),
    makeRoom: () => rmSync(filler),
    async stop() {
      child.kill('SIGINT');
      return ended;
    },
    remove,
  };
}

function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (const bytes of [1 << 16, 1 << 12, 1]) writeUntilFull(handle, Buffer.alloc(bytes));
  } finally {
    closeSync(handle);
  }
}

function writeUntilFull(handle: number, piece: Buffer): void {
  try {
    for (;;) writeSync(handle, piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
