import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const held = new Set<string>();

/**
 * Takes the folder for this process: two writers of one state file would destroy it. A lock that a
 * killed process left behind is taken over. Answers how to give it back.
 */
export function lockDataDir(dataDir: string): () => void {
  const path = join(resolve(dataDir), 'local-stripe.lock');
  assertWritable(dataDir);
  const owner = readOwner(path);
  if (owner !== null && (held.has(path) || (owner !== process.pid && isAlive(owner)))) {
    throw new Error(
      `${dataDir} is in use by the local Stripe of process ${owner}: stop that one, or set DATA_DIR.`,
    );
  }
  writeFileSync(path, String(process.pid));
  held.add(path);
  return () => {
    held.delete(path);
    rmSync(path, { force: true });
  };
}

function assertWritable(dataDir: string): void {
  try {
    makeFolder(dataDir);
    // The dot makes a file in the folder's place an error too.
    accessSync(`${dataDir}/.`, constants.W_OK);
  } catch (cause) {
    throw new Error(`${dataDir} is no folder that can be written to: set DATA_DIR to another.`, {
      cause,
    });
  }
}

/** Folder by folder: Node's own `recursive` never returns where the system refuses with ENOENT. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

function readOwner(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8')) || null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
