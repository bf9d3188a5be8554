import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { syncsOf } from '../../../../tests/support/syncs.ts';
import { ensureLocalSecrets } from '../local-secrets.ts';

let folder: string;
const file = () => path.join(folder, 'secrets.json');
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'squaretable-secrets-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('11 secrets are made once, on the disk before they are used, and kept', async () => {
  let made: unknown;
  const syncs = await syncsOf(
    async () => (made = await ensureLocalSecrets(folder)),
    () => readdirSync(folder).filter((name) => name.startsWith('secrets')),
  );
  const unfinished = expect.stringMatching(/^secrets\.json\.\w+\.new$/) as string;
  expect(syncs).toEqual([
    { what: 'file', state: [unfinished] },
    { what: 'folder', state: ['secrets.json', unfinished] },
  ]);
  expect(readdirSync(folder)).toEqual(['secrets.json']);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(await ensureLocalSecrets(folder)).toEqual(made);
});

test('14.8 processes that start in one moment have the same secrets', async () => {
  const made = await Promise.all([...Array(8)].map(() => ensureLocalSecrets(folder)));
  expect(new Set(made.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(readdirSync(folder)).toEqual(['secrets.json']);
});

test.each([
  ['empty', '', 'is empty'],
  ['cut short', '{"jwtSecret": "0123', 'is damaged'],
  ['without a secret', '{"usageIngestToken": "uit_x"}', 'is damaged'],
])('11 secrets that are %s are told in one sentence, not replaced', async (_case, text, says) => {
  writeFileSync(file(), text);
  await expect(ensureLocalSecrets(folder)).rejects.toThrow(
    `${file()} ${says}: put it back from a backup, or remove it;`,
  );
  expect(readFileSync(file(), 'utf8')).toBe(text);
});
