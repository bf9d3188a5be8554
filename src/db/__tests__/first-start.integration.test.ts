import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syncsOf } from '../../../tests/support/syncs.ts';
import { startEmbeddedPostgres } from '../embedded.ts';
import { postgresAccount } from '../embedded/account.ts';
import { findBinaries } from '../embedded/binaries.ts';
import { initialise } from '../embedded/initialise.ts';

let dataDir: string;
const cluster = () => path.join(dataDir, 'cluster');
const password = () => path.join(dataDir, 'password');
beforeAll(() => void (dataDir = mkdtempSync(path.join(tmpdir(), 'squaretable-first-'))));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

test('11 a cluster counts as made when its password is on the disk, and then for good', async () => {
  const binaries = await findBinaries();
  const account = postgresAccount([dataDir, binaries.postgres]);
  const first = { dataDir, cluster: cluster(), user: 'squaretable', binaries, account };
  const syncs = await syncsOf(
    () => initialise({ ...first, signal: undefined }),
    () => ({
      password: existsSync(password()) ? readFileSync(password(), 'utf8').trim().length : 0,
      cluster: existsSync(path.join(cluster(), 'PG_VERSION')),
    }),
  );
  expect(syncs).toEqual([
    { what: 'file', state: { password: 0, cluster: false } },
    { what: 'folder', state: { password: 32, cluster: false } },
    { what: 'folder', state: { password: 32, cluster: true } },
  ]);
});

test('11 a server whose password was lost in a power cut is told in one sentence', async () => {
  truncateSync(password());
  await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
    /password is empty: without it the database cannot be opened\. Put the file back from a backup/,
  );
});
