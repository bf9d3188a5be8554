import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../../domain/errors.ts';

/** Where the password of a bundled server is kept. */
export const passwordFile = (dataDir: string) => join(dataDir, 'password');

export const newPassword = () => randomBytes(24).toString('base64url');

const WHOLE = /^[\w-]{32}$/;

/**
 * The password of the server whose files are under `dataDir`. Throws one sentence that says what to
 * do when its file is missing, or is not whole: a disk that was full, a power cut.
 */
export function readPassword(dataDir: string): string {
  const file = passwordFile(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SetUpError(
      `${file} ${code === 'ENOENT' ? 'is missing' : `cannot be read (${code})`}: ${WHAT_TO_DO(dataDir)}`,
      { cause },
    );
  }
  if (WHOLE.test(text)) return text;
  const state = text === '' ? 'is empty' : 'is damaged';
  throw new SetUpError(`${file} ${state}: ${WHAT_TO_DO(dataDir)}`);
}

const WHAT_TO_DO = (dataDir: string) =>
  `without it the database cannot be opened. Put the file back from a backup; if the database holds nothing you need, remove ${dataDir} and start again.`;
