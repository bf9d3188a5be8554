import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { syncsOf } from '../../../tests/support/syncs.ts';
import { createDurably, writeDurably } from '../durable-file.ts';
import { readPassword } from '../embedded/password.ts';

let folder: string;
const file = () => path.join(folder, 'state.json');
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'squaretable-durable-'))));
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

test('11 a file is whole on the disk before it has its name, and its name before anybody is told', async () => {
  writeFileSync(file(), 'old');
  const seen = await syncsOf(
    () => writeDurably(file(), 'new', { mode: 0o600 }),
    () => [readdirSync(folder).sort().join(), readFileSync(file(), 'utf8')],
  );
  expect(seen).toEqual([
    { what: 'file', state: ['state.json,state.json.new', 'old'] },
    { what: 'folder', state: ['state.json', 'new'] },
  ]);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test('a file that is made of what cannot be read to its end is not there, and nothing beside it', async () => {
  async function* broken() {
    yield await Promise.resolve('{"half":');
    throw new Error('The database is gone.');
  }
  await expect(createDurably(file(), broken())).rejects.toThrow('is gone');
  expect(readdirSync(folder)).toEqual([]);
  async function* whole() {
    yield* await Promise.resolve(['{"half"', ':1}']);
  }
  expect(await createDurably(file(), whole())).toBe(true);
  expect(await createDurably(file(), 'another')).toBe(false);
  expect(readFileSync(file(), 'utf8')).toBe('{"half":1}');
});

test.each(['file', 'folder'])(
  'a disk that fails at the %s is told, and no half stays',
  async (what) => {
    writeFileSync(file(), 'old');
    const refused = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const writing = syncsOf(
      () => writeDurably(file(), 'new'),
      () => undefined,
      (synced) => {
        if (synced === what) throw refused;
      },
    );
    await expect(writing).rejects.toThrow('no space left');
    expect(readdirSync(folder)).toEqual(['state.json']);
    expect(readFileSync(file(), 'utf8')).toBe(what === 'file' ? 'old' : 'new');
  },
);

const whole = 'abcdefgh-ABCDEFGH_0123456789-xyz';

test('a password is read as it was written', () => {
  writeFileSync(path.join(folder, 'password'), `${whole}\n`);
  expect(readPassword(folder)).toBe(whole);
});

test.each([
  ['missing', undefined, 'is missing'],
  ['empty', '', 'is empty'],
  ['a line end alone', '\n', 'is empty'],
  ['cut short', whole.slice(0, 20), 'is damaged'],
  ['of zeros, as some disks leave it', '\0'.repeat(33), 'is damaged'],
])('11 a password file that is %s is told in one sentence', (_case, text, says) => {
  if (text !== undefined) writeFileSync(path.join(folder, 'password'), text);
  expect(() => readPassword(folder)).toThrow(
    `${path.join(folder, 'password')} ${says}: without it the database cannot be opened. Put the file back`,
  );
});
