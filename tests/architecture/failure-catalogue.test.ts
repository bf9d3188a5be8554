import { expect, test } from 'vitest';
import { readText } from './files.ts';

const rows = readText('docs/failure-catalogue.md')
  .split('\n')
  .filter((line) => /^\| [A-Z0-9]/.test(line) && line.includes('`'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('each test that the failure catalogue names exists', () => {
  expect(rows.length).toBeGreaterThan(25);
  const missing = rows.flatMap(([, scenario, , file = '', title = '']) => {
    const path = file.replaceAll('`', '');
    return readText(path).includes(title) ? [] : [`${scenario}: ${title}`];
  });
  expect(missing).toEqual([]);
});
