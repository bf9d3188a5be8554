import { expect, test } from 'vitest';
import { circles } from './circles.ts';
import { sourceFiles } from './files.ts';

test('11 no files import each other in a circle, types included', () => {
  const files = sourceFiles('.', ['.ts', '.vue', '.js']);
  const imports = files.map(
    (file) => [file.path, file.imports.map(({ from }) => from)] as [string, string[]],
  );
  expect(imports.flatMap(([, others]) => others).length).toBeGreaterThan(2000);
  expect(circles(new Map(imports))).toEqual([]);
});

test.each([
  ['a file that imports itself', { a: ['a'] }, ['a']],
  [
    'two, and what leads to and from them',
    { a: ['b'], b: ['c'], c: ['b', 'd'], d: [] },
    ['b', 'c'],
  ],
  ['a long one', { a: ['b'], b: ['c'], c: ['d'], d: ['a'] }, ['a', 'b', 'c', 'd']],
  ['a diamond is none', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
])('a circle would be found: %s', (_, imports, expected) => {
  expect(circles(new Map(Object.entries(imports)))).toEqual(expected);
});
