import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toDisk } from '../durable-file.ts';
import { SetUpError } from '../../domain/errors.ts';

/**
 * Makes `dataDir` where it is missing and tries to write in it. Rejects with one sentence that says
 * what to do when that cannot be.
 */
export async function assertWritable(dataDir: string): Promise<void> {
  const probe = join(dataDir, `.probe-${process.pid}`);
  try {
    await makeFolder(dataDir);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new SetUpError(
      `The data folder ${dataDir} cannot be written (${why}): give this user the right to, or choose another with DATA_DIR.`,
      { cause },
    );
  }
}

/** Folder by folder: Node's own `recursive` never returns where the system refuses with ENOENT. */
async function makeFolder(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeFolder(dirname(path));
  await mkdir(path);
  await toDisk(dirname(path));
}
