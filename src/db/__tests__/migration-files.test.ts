import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { findDrift, HASHES_FILE, migrationFiles, MIGRATIONS } from '../migration-files.ts';

const files = migrationFiles();

describe('14.9 migrations are added, never edited', () => {
  test('each is as it was released; a new one is listed by `npm run db:dump`', () => {
    const listed = JSON.parse(readFileSync(HASHES_FILE, 'utf8')) as Record<string, string>;
    expect(Object.fromEntries(files.map(({ name, hash }) => [name, hash]))).toEqual(listed);
  });

  test('each file is one, and each is later than the one before', () => {
    const present = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
    expect(files.map(({ name }) => `${name}.sql`)).toEqual(present.toSorted());
    const times = files.map(({ writtenAt }) => writtenAt);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  });
});

const three = [1, 2, 3].map((n) => ({
  name: `000${n}_x`,
  writtenAt: n * 10,
  hash: `hash of ${n}`,
}));
const [one, two, last] = three as [(typeof three)[0], (typeof three)[0], (typeof three)[0]];
const newer = { writtenAt: 40, hash: 'of a later version' };

test.each([
  ['empty', []],
  ['older', [one, two]],
  ['as we know it', three],
  ['migrated by a newer version', [...three, newer]],
])('14.9 a database that is %s has not drifted', (_what, applied) => {
  expect(findDrift(three, applied)).toBeUndefined();
});

test.each([
  [
    'one was edited',
    [one, { ...two, hash: 'other' }, last],
    /0002_x is not the one .*\(other there/,
  ],
  ['one is left out', [one, last], /0002_x is missing in this database/],
  ['a strange one is between', [one, { writtenAt: 15, hash: 'x' }, two], /does not have/],
  ['its first is strange', [{ writtenAt: 5, hash: 'x' }], /does not have/],
])('14.9 when %s, that is said in one sentence with what to do', (_what, applied, sentence) => {
  const drift = findDrift(three, applied);
  expect(drift).toMatch(sentence);
  expect(drift).toMatch(/^[^\n]+ -- --adopt`[^\n]+\.$/);
});
