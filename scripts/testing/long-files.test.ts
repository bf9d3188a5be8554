import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LONG_FILES } from './long-files.ts';

test.each(Object.entries(LONG_FILES))('the long files of %s are there', (_project, files) => {
  expect(files.filter((file) => !existsSync(file))).toEqual([]);
  expect([...files]).toEqual(files.toSorted());
});
