import { randomBytes } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes `file` so that a power cut leaves the old one or the new one, whole: beside it first, on
 * the disk, then in its place, and the folder's entry on the disk too. For every file that a later
 * start reads. Rejects with the system's error; the old file is then as it was.
 */
export async function writeDurably(
  file: string,
  text: string,
  options: DurableOptions = {},
): Promise<void> {
  const unfinished = `${file}.new`;
  try {
    await writeToDisk(unfinished, text, options);
    await renameDurably(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/**
 * The same for a file that is made once: of several who make it in one moment one does. False for the
 * others, and where it is there already; it is then as it was.
 */
export async function createDurably(
  file: string,
  text: string | AsyncIterable<string>,
  options: DurableOptions = {},
): Promise<boolean> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeToDisk(unfinished, text, options);
    // Unlike a rename a link takes no other file's place.
    await link(unfinished, file);
    await toDisk(path.dirname(file));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}

interface DurableOptions {
  mode?: number;
  owner?: [uid: number, gid: number] | undefined;
}

async function writeToDisk(
  file: string,
  text: string | AsyncIterable<string>,
  options: DurableOptions,
): Promise<void> {
  const handle = await open(file, 'w', options.mode);
  try {
    if (options.owner) await handle.chown(...options.owner);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Renames within one folder. What is renamed must be on the disk before. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await toDisk(path.dirname(to));
}

/** Waits until a file's content, or a folder's list of names, is on the disk. */
export async function toDisk(name: string): Promise<void> {
  // Windows keeps a folder's names by itself and opens none.
  if (process.platform === 'win32' && (await isFolder(name))) return;
  const handle = await open(name, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function isFolder(name: string): Promise<boolean> {
  return (await stat(name)).isDirectory();
}
