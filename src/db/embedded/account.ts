import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { SetUpError } from '../../domain/errors.ts';

/** How to start a program as somebody PostgreSQL agrees to run as. */
export interface Account {
  uid?: number;
  gid?: number;
  /** Put before the program and its arguments. */
  prefix: string[];
}

const NAME = 'postgres';

/**
 * PostgreSQL refuses to run as root. Started by root it runs as the user `postgres`, which is
 * made when missing; started by anybody else it runs as that person.
 *
 * Root often keeps its work where nobody else may look (`/root`). Then the server is given the
 * one capability it needs to pass through, by `setpriv`. Throws a sentence when that fails too.
 */
export function postgresAccount(mustReach: readonly string[]): Account {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const { uid, gid } = findUser() ?? createUser();
  const account: Account = { uid, gid, prefix: [] };
  const hidden = mustReach.find((path) => !reaches(account, path));
  if (hidden === undefined) return account;

  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const caps = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const raised: Account = { prefix: ['setpriv', ...ids, ...caps, '--'] };
  if (mustReach.every((path) => reaches(raised, path))) return raised;
  throw new SetUpError(
    `PostgreSQL cannot run as root, and its user "${NAME}" may not enter ${hidden}: move the ` +
      `project and DATA_DIR to a folder that others may enter, or set DATABASE_URL.`,
  );
}

function reaches({ prefix, ...ids }: Account, path: string): boolean {
  const [program, ...args] = [...prefix, '/bin/sh', '-c', 'test -x "$0"', path];
  return spawnSync(program!, args, { ...ids, cwd: '/', stdio: 'ignore' }).status === 0;
}

function findUser(): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${NAME}:`));
  if (line === undefined) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function createUser(): { uid: number; gid: number } {
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', NAME], {
      stdio: 'ignore',
    });
  } catch (cause) {
    throw new SetUpError(
      `PostgreSQL cannot run as root and the user "${NAME}" could not be made: start as another user, or set DATABASE_URL.`,
      { cause },
    );
  }
  const user = findUser();
  if (user === undefined) throw new SetUpError(`The user "${NAME}" was made but cannot be found.`);
  return user;
}
