import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes `dataDir` where it is missing and tries to write in it. Throws one sentence that says what
 * to do when that cannot be.
 */
export function assertWritable(dataDir: string): void {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    makeFolder(dataDir);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Error(
      `The data folder ${dataDir} cannot be written (${why}): give this user the right to, or choose another with DATA_DIR.`,
      { cause },
    );
  }
}

/** Folder by folder: Node's own `recursive` never returns where the system refuses with ENOENT. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}
