import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { assertWritable } from '../../db/embedded/folder.ts';

const secretsSchema = z.object({ jwtSecret: z.string().min(32), usageIngestToken: z.string() });

export type LocalSecrets = z.infer<typeof secretsSchema>;

/**
 * The secrets of an installation that was given none: made once and kept under `dataDir`, readable
 * by its owner alone, so that sessions survive a restart. Throws a sentence when the folder cannot
 * be written.
 */
export async function ensureLocalSecrets(dataDir: string): Promise<LocalSecrets> {
  const file = path.join(dataDir, 'secrets.json');
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  const parsed = kept === undefined ? undefined : secretsSchema.safeParse(parseJson(kept));
  if (parsed?.success) return parsed.data;
  const secrets: LocalSecrets = {
    jwtSecret: randomBytes(48).toString('base64url'),
    usageIngestToken: `uit_${randomBytes(24).toString('base64url')}`,
  };
  assertWritable(dataDir);
  await writeFile(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return secrets;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
