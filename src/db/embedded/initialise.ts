import { spawn } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { renameDurably, writeDurably } from '../durable-file.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { newPassword, passwordFile } from './password.ts';

export interface First {
  /** Where the password is kept. */
  dataDir: string;
  /** The server's own folder, made here. */
  cluster: string;
  user: string;
  binaries: Binaries;
  account: Account;
  signal: AbortSignal | undefined;
}

/**
 * Makes a server's files: `initdb` into a side folder that is then renamed, so that a first start that
 * is killed or aborted leaves no half. The rename comes last, when the password is on the disk as well
 * as what `initdb` wrote (it waits for that by itself): a cluster that is there can be opened, also
 * after a power cut. Throws a sentence that says why it could not be done.
 */
export async function initialise(first: First): Promise<void> {
  const { dataDir, cluster, user, binaries, account, signal } = first;
  removeLeftovers(cluster);
  // Of a start that was killed `initdb` may still be writing: each has a folder of its own.
  const unfinished = `${cluster}.new-${process.pid}`;
  const password = passwordFile(dataDir);
  mkdirSync(unfinished, { mode: 0o700 });
  const owner = serverOwner(account);
  if (owner !== undefined) chownSync(unfinished, ...owner);
  await writeDurably(password, `${newPassword()}\n`, { mode: 0o600, owner });

  const [program, ...args] = [
    ...account.prefix,
    binaries.initdb,
    `--pgdata=${unfinished}`,
    `--username=${user}`,
    `--pwfile=${password}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  ];
  // Its own process group keeps Ctrl-C from reaching it before us.
  const ids = { uid: account.uid, gid: account.gid, detached: true };
  const child = spawn(program!, args, {
    ...ids,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(signal ? { signal } : {}),
  });
  const complaints: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  signal?.throwIfAborted();
  if (status !== 0) {
    const why = (failure?.message ?? Buffer.concat(complaints).toString())
      .trim()
      .split('\n')
      .at(-1);
    throw new Error(`PostgreSQL could not make its files in ${dataDir}: ${why}`);
  }
  await renameDurably(unfinished, cluster);
}

function removeLeftovers(cluster: string): void {
  rmSync(cluster, { recursive: true, force: true });
  const parent = path.dirname(cluster);
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(`${path.basename(cluster)}.new`)) continue;
    try {
      rmSync(path.join(parent, name), { recursive: true, force: true });
    } catch {
      // Somebody still writes in it; the next first start removes it.
    }
  }
}

function serverOwner(account: Account): [number, number] | undefined {
  if (account.uid !== undefined) return [account.uid, account.gid!];
  const given = (flag: string) => account.prefix.find((part) => part.startsWith(flag));
  const [uid, gid] = [given('--reuid='), given('--regid=')];
  return uid && gid ? [Number(uid.split('=')[1]), Number(gid.split('=')[1])] : undefined;
}
