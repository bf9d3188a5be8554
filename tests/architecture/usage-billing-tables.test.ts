import { expect, test } from 'vitest';
import { missingTestFiles, missingTests, tableRows } from './named-tests.ts';

const rows = tableRows('docs/usage-billing.md', /^\d+( |$)/);
/** A row that names a test has five cells: number, what happens, what comes of it, file, title. */
const cases = rows
  .filter((cells) => cells.length === 5)
  .map(([name = '', , , file = '', title = '']) => ({ name, file, title }));
const invariants = rows.filter((cells) => cells.length === 2);
const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);

test('each of the 60 failure cases of usage billing has a row', () => {
  const named = new Set(cases.map(({ name }) => Number(name)));
  expect(upTo(60).filter((n) => !named.has(n))).toEqual([]);
});

test('each of its 28 invariants has a row, in their order', () => {
  const named = invariants.map(([text = '']) => Number(text.split(' ')[0]));
  expect(named).toEqual(upTo(28));
});

test('each test that the cases name exists', () => {
  expect(missingTests(cases)).toEqual([]);
});

test('each file that the invariants name exists', () => {
  expect(missingTestFiles(invariants.map(([, shown]) => shown).join())).toEqual([]);
});
