import { expect, test } from 'vitest';
import { FORMULA } from '../../../../domain/accounts/files/formulas.ts';
import { csvLine } from '../csv.ts';
import { readCsv } from '../read-csv.ts';

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
  ['fox;=1+1', `fox;'=1+1`],
  ['fox; =1;@a;b', `fox; '=1;'@a;b`],
  ['fox;"=1"', `"fox;""'=1"""`],
  ['fox\t+1', `fox\t'+1`],
  ['fox\n-cmd', `"fox\n'-cmd"`],
  ['=1;=2', `'=1;'=2`],
  ['fox; a-b', 'fox; a-b'],
  ['-29.00', '-29.00'],
  ['29.00', '29.00'],
  ['-', `'-`],
  ['-1.', `'-1.`],
  [null, ''],
  [-5, '-5'],
])('14 a cell of %j is written as %s', (cell, written) => {
  expect(csvLine([cell])).toBe(`${written}\n`);
});

test('14 what was made harmless stays as it is when it is written again', () => {
  for (const text of ['=1', 'fox;=1', 'fox\n=1', ' ;\t@x', '"=1']) {
    const once = readCsv(csvLine([text]))[0]![0]!;
    expect(readCsv(csvLine([once]))).toEqual([[once]]);
  }
});

/** All that may stand in a text, but half signs and what Unicode has not given a meaning. */
const SIGNS = Array.from({ length: 0x110000 - 1 }, (_, code) => code + 1)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

test('nothing that cannot be seen hides the beginning of a formula', () => {
  const unseen = /[\s\p{Cc}\p{Cf}\p{Co}\p{Z}\p{Default_Ignorable_Code_Point}]/u;
  const formula = new RegExp(FORMULA, 'u');
  expect(SIGNS.filter((sign) => unseen.test(sign) && !formula.test(`${sign}=1`))).toEqual([]);
});
