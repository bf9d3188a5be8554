import { expect, test } from 'vitest';
import { sourceFiles } from './files.ts';

/** Steps of four pixels, and halves of one where something sits close. */
const isStep = (px: number) => px % 4 === 0 || px <= 6;

test('13 distances on the pages are steps of one rhythm', () => {
  const distance = /(?:--gap|gap|padding[a-z-]*|margin[a-z-]*): ([^;{}]+);/g;
  const odd = sourceFiles('src/client', ['.vue', '.css']).flatMap(({ path, text }) =>
    [...text.matchAll(distance)]
      .filter(([, value]) => !/calc|min\(/.test(value!))
      .filter(([, value]) => [...value!.matchAll(/(\d+)px/g)].some(([, px]) => !isStep(Number(px))))
      .map(([declaration]) => `${path}: ${declaration}`),
  );
  expect(odd).toEqual([]);
});
