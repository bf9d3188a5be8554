import { expect, test } from 'vitest';
import { csvLine } from '../csv.ts';

test.each([
  ['Round table', 'Round table'],
  ['Round, table', '"Round, table"'],
  ['a "b"', '"a ""b"""'],
  ['=1+1', `'=1+1`],
  ['@sum', `'@sum`],
  ['-cmd', `'-cmd`],
  ['-1+cmd', `'-1+cmd`],
  [' =1', `' =1`],
  ['＝1', `'＝1`],
  ['-29.00', '-29.00'],
  ['29.00', '29.00'],
  ['-', `'-`],
  ['-1.', `'-1.`],
  [null, ''],
  [-5, '-5'],
])('14 a cell of %j is written as %s', (cell, written) => {
  expect(csvLine([cell])).toBe(`${written}\n`);
});
