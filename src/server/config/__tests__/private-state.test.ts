import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepStatePrivate } from '../private-state.ts';

let folder: string;
let umask: number;
beforeEach(() => {
  umask = process.umask();
  folder = mkdtempSync(path.join(tmpdir(), 'squaretable-state-'));
});
afterEach(() => {
  process.umask(umask);
  rmSync(folder, { recursive: true, force: true });
});

const modeOf = (...names: string[]) =>
  (statSync(path.join(folder, ...names)).mode & 0o1777).toString(8);

test('10.13 what an earlier version left open is closed, and what is made is closed', () => {
  mkdirSync(path.join(folder, 'mail'), { mode: 0o755 });
  writeFileSync(path.join(folder, 'mail', 'one.txt'), '', { mode: 0o644 });
  mkdirSync(path.join(folder, 'archive'), { mode: 0o755 });
  writeFileSync(path.join(folder, 'archive', '2026-01.ndjson.gz'), '', { mode: 0o644 });
  writeFileSync(path.join(folder, 'secrets.json'), '{}', { mode: 0o644 });
  writeFileSync(path.join(folder, 'notes.txt'), '', { mode: 0o644 });
  chmodSync(folder, 0o755);
  keepStatePrivate(folder);
  mkdirSync(path.join(folder, 'later'));
  writeFileSync(path.join(folder, 'later', 'month.csv'), '');
  const folders = [modeOf(), modeOf('mail'), modeOf('archive'), modeOf('later')];
  expect(folders).toEqual(['700', '700', '700', '700']);
  const inFolders = [
    ['mail', 'one.txt'],
    ['archive', '2026-01.ndjson.gz'],
    ['later', 'month.csv'],
  ];
  for (const names of [['secrets.json'], ...inFolders]) expect(modeOf(...names)).toBe('600');
  // Not ours to close.
  expect(modeOf('notes.txt')).toBe('644');
});

test('10.13 a folder that everybody shares stays so', () => {
  chmodSync(folder, 0o1777);
  keepStatePrivate(folder);
  expect(modeOf()).toBe('1777');
});

test('10.13 a folder that is not there yet is no error', () => {
  keepStatePrivate(path.join(folder, 'later'));
});
