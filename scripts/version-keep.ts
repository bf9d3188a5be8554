import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { bundleAppToKeep } from '../tests/support/app-bundle.ts';

/**
 * `version:keep`: the last step of a release. Keeps this version's process, and how many migrations
 * it knows, so that `tests/upgrade` can let it serve while the migrations of the next one run.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const TARGET = path.join(ROOT, 'tests/upgrade/version-before');
/** What the process reads at its start, beside its migrations. */
const READ_AT_START = ['plans.yaml', 'rates.yaml'];

const read = <T>(file: string) => JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as T;
const { version } = read<{ version: string }>('package.json');
const { entries } = read<{ entries: object[] }>('src/db/migrations/meta/_journal.json');

const folder = mkdtempSync(path.join(tmpdir(), 'squaretable-version-'));
try {
  await bundleAppToKeep(folder);
  const code = readFileSync(path.join(folder, 'app.mjs'));
  writeFileSync(path.join(TARGET, 'app.mjs.br'), brotliCompressSync(code));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const file of READ_AT_START) cpSync(path.join(ROOT, file), path.join(TARGET, file));
writeFileSync(
  path.join(TARGET, 'version.json'),
  `${JSON.stringify({ version, migrations: entries.length }, null, 2)}\n`,
);
console.log(`Kept version ${version}, which knows ${entries.length} migrations.`);
