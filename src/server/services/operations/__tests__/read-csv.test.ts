import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvReader, readCsv } from '../read-csv.ts';

test.each<[string, string[][]]>([
  ['', []],
  ['a,b', [['a', 'b']]],
  ['a,b\n', [['a', 'b']]],
  [
    'a,b\r\nc,d\r\n',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['\uFEFFa,b\n', [['a', 'b']]],
  ['"a,1","b ""x"""\n', [['a,1', 'b "x"']]],
  ['"two\nlines",b\r\n', [['two\nlines', 'b']]],
  ['a,,\n', [['a', '', '']]],
  ['\n', [['']]],
])('%j is read as %j', (text, rows) => {
  expect(readCsv(text)).toEqual(rows);
});

test('however a file comes in pieces, its rows are the same', () => {
  const sign = fc.constantFrom('a', ',', '"', '\n', '\r', '字', '\uFEFF');
  fc.assert(
    fc.property(fc.array(fc.array(sign).map((signs) => signs.join(''))), (pieces) => {
      const reader = new CsvReader();
      const rows = pieces.flatMap((piece) => [...reader.read(piece)]);
      expect([...rows, ...reader.end()]).toEqual(readCsv(pieces.join('')));
    }),
  );
});
