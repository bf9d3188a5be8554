import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Writes `file` so that a power cut leaves the old one or the new one, whole: beside it first, on
 * the disk, then in its place, and the folder's entry on the disk too. For every file that a later
 * start reads. Rejects with the system's error; the old file is then as it was.
 */
export async function writeDurably(
  file: string,
  text: string,
  options: { mode?: number; owner?: [uid: number, gid: number] | undefined } = {},
): Promise<void> {
  const unfinished = `${file}.new`;
  try {
    const handle = await open(unfinished, 'w', options.mode);
    try {
      if (options.owner) await handle.chown(...options.owner);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renameDurably(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
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
