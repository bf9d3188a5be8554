import { chmodSync, existsSync, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** What an installation keeps under its data folder. */
const STATE = ['secrets.json', 'mail', 'archive', 'postgres', 'local-stripe.ndjson'];

/** Of these what lies in them is closed too: it is moved and copied file by file. */
const IN_FILES = ['mail', 'archive'];

const SHARED = 0o1000;

/**
 * State is its owner's alone: folders 0700, files 0600. What this process makes from now on is so
 * by its umask; what an earlier version made becomes so. A folder that is shared by its nature
 * (sticky, such as /tmp) is left as it is, and so is what belongs to another user.
 */
export function keepStatePrivate(dataDir: string): void {
  process.umask(0o077);
  if (process.platform === 'win32' || !existsSync(dataDir)) return;
  if ((lstatSync(dataDir).mode & SHARED) === 0) close(dataDir);
  for (const name of STATE) {
    const entry = path.join(dataDir, name);
    if (existsSync(entry)) close(entry);
  }
  for (const name of IN_FILES) {
    const folder = path.join(dataDir, name);
    if (existsSync(folder)) for (const file of readdirSync(folder)) close(path.join(folder, file));
  }
}

function close(entry: string): void {
  const { mode, uid } = lstatSync(entry);
  const isFolder = lstatSync(entry).isDirectory();
  if (uid !== process.getuid?.()) return;
  const wanted = isFolder ? 0o700 : 0o600;
  if ((mode & 0o777) !== wanted) chmodSync(entry, wanted);
}
