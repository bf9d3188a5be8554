import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What the server itself writes about itself: `postmaster.pid` in its data folder. */
export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

export function readPostmaster(cluster: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const ready = lines[7]?.trim() === 'ready';
  return { pid: Number(lines[0]), port: Number(lines[3]), ready };
}

/** Whether `pid` is a living PostgreSQL, and not something that got its number after a reboot. */
export function isPostgres(pid: number): boolean {
  try {
    if (existsSync('/proc/self/cmdline')) {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
    }
    const command = execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
    return command.includes('postgres');
  } catch {
    return false;
  }
}

/**
 * Clears what an earlier run left. A server whose owner was killed is stopping by itself: wait for
 * it. One that goes on has an owner: throws a sentence. A file without its server is removed.
 */
export async function clearLeftovers(cluster: string, waitSeconds = 10): Promise<void> {
  for (let waited = 0; ; waited += 0.05) {
    const left = readPostmaster(cluster);
    if (left === undefined) return;
    if (!isPostgres(left.pid)) {
      rmSync(join(cluster, 'postmaster.pid'), { force: true });
      return;
    }
    if (waited >= waitSeconds) {
      throw new Error(
        `The database in ${cluster} is in use by another run (PostgreSQL process ${left.pid}): stop that one, or choose another DATA_DIR.`,
      );
    }
    await pause(50);
  }
}
