import { expect, test } from 'vitest';
import { sourceFiles } from './files.ts';

/** Tests are tables and stories, which are read from the top and need not be held in mind. */
const LINES_MAX = { test: 330, vue: 200, ts: 250 } as const;

function linesMaxOf(file: string): number {
  if (file.endsWith('.test.ts')) return LINES_MAX.test;
  return file.endsWith('.vue') ? LINES_MAX.vue : LINES_MAX.ts;
}

/** Files that may be longer, each with its reason. */
const LONGER: Record<string, string> = {};

const FORBIDDEN_NAME = /(^|\/)(utils?|helpers?|common|misc|v\d+)(\.[a-z.]+)?$/i;

const files = ['src', 'local-stripe', 'tests', 'bench', 'scripts'].flatMap((folder) =>
  sourceFiles(folder),
);

test('a file is a small room', () => {
  const tooLong = files
    .filter((file) => file.lines > linesMaxOf(file.path))
    .filter((file) => !(file.path in LONGER))
    .map((file) => `${file.path}: ${file.lines} lines`);
  expect(tooLong).toEqual([]);
});

test('a name says what is inside', () => {
  const vague = files.filter((file) => FORBIDDEN_NAME.test(file.path)).map((file) => file.path);
  expect(vague).toEqual([]);
});

test('below src no folder lies deeper than four', () => {
  const deep = files
    .filter((file) => file.path.startsWith('src/') && !file.path.includes('__tests__'))
    .filter((file) => file.path.split('/').length > 6)
    .map((file) => file.path);
  expect(deep).toEqual([]);
});
