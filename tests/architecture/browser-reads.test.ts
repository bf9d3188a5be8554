import { expect, test } from 'vitest';
import { sourceFiles } from './files.ts';

/** What a page shows comes with an answer, which a slow machine gets later than the line that reads it. */
const READS =
  'count|innerText|allInnerTexts|textContent|inputValue|getAttribute|isChecked|isDisabled|isEnabled|isVisible|evaluate|evaluateAll|sidewaysScroll';
const READ_ONCE = new RegExp(
  String.raw`\bexpect\(\s*\(?await\b(?:(?!;|\bexpect\()[^])*?\b(?:${READS})\(`,
  'g',
);

test('browser tests wait for what a page shows: expect.poll, never expect(await …)', () => {
  const found = sourceFiles('tests/e2e', ['.ts']).flatMap(({ path, text }) =>
    [...text.matchAll(READ_ONCE)].map(
      ({ index }) => `${path}:${text.slice(0, index).split('\n').length}`,
    ),
  );
  expect(found).toEqual([]);
});

test.each([
  ['expect(await rows.count()).toBe(1)', true],
  ["expect((await card.innerText()).trim()).toBe('x')", true],
  ['expect(await sidewaysScroll(page)).toBe(0)', true],
  ['expect(\n    await there.locator("b").getAttribute("href"),\n  ).toBe(href)', true],
  ['await expect.poll(() => rows.count()).toBe(1)', false],
  ['expect(await customer.payments()).toHaveLength(2);\n await rows.count()', false],
])('%j reads the page once: %s', (text, isOnce) => {
  expect(text.search(READ_ONCE) >= 0).toBe(isOnce);
});
