import { expect, test } from 'vitest';
import { readText } from './files.ts';

const rows = readText('docs/pages.md')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** The list counts to 41, and leaves 26 out. */
const LINES = Array.from({ length: 41 }, (_, index) => index + 1).filter((line) => line !== 26);

test('13 each line of what people expect of the pages has a row', () => {
  const named = new Set(rows.map(([, line]) => Number(line)));
  expect(LINES.filter((line) => !named.has(line))).toEqual([]);
});

test('13 each test that the page names exists, and is named by the number of its line', () => {
  const missing = rows.flatMap(([, line, , file = '', title = '']) => {
    const text = readText(file.replaceAll('`', ''));
    const isTitle = ["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`));
    return isTitle && new RegExp(`\\bux ${line}\\b`).test(title) ? [] : [`${line}: ${title}`];
  });
  expect(missing).toEqual([]);
});
