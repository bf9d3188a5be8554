import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { createDurably } from '../../db/durable-file.ts';
import { assertWritable } from '../../db/embedded/folder.ts';
import { SetUpError } from '../../domain/errors.ts';

const secretsSchema = z.object({ jwtSecret: z.string().min(32), usageIngestToken: z.string() });

export type LocalSecrets = z.infer<typeof secretsSchema>;

/**
 * The secrets of an installation that was given none: made once and kept under `dataDir`, readable
 * by its owner alone, so that sessions survive a restart. Throws a sentence when the folder cannot
 * be written, or when what was kept cannot be read: other secrets would silently end every session
 * and shut the other services out.
 */
export async function ensureLocalSecrets(dataDir: string): Promise<LocalSecrets> {
  const file = path.join(dataDir, 'secrets.json');
  const kept = await readIfThere(file);
  if (kept !== undefined) {
    const parsed = secretsSchema.safeParse(parseJson(kept));
    if (parsed.success) return parsed.data;
    const state = kept.trim() === '' ? 'is empty' : 'is damaged';
    throw new SetUpError(`${file} ${state}: ${WHAT_TO_DO}`);
  }
  const secrets: LocalSecrets = {
    jwtSecret: randomBytes(48).toString('base64url'),
    usageIngestToken: `uit_${randomBytes(24).toString('base64url')}`,
  };
  await assertWritable(dataDir);
  const made = await createDurably(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  // A process that started in the same moment was first: its secrets are those of all.
  return made ? secrets : ensureLocalSecrets(dataDir);
}

const WHAT_TO_DO =
  'put it back from a backup, or remove it; then everybody signs in again and other services need the new USAGE_INGEST_TOKEN.';

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // A data folder that is no folder is told by the attempt to write.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new SetUpError(`${file} cannot be read (${code}): give this user the right to.`, {
      cause,
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
