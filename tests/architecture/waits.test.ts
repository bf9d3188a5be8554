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

/** What is waited for by `vi.waitFor` for less than half a minute: for a second, where nothing is said. */
function impatient(text: string): string[] {
  return text
    .split('vi.waitFor(')
    .slice(1)
    .map((rest) => rest.slice(0, endOfArguments(rest)))
    .filter(
      (given) =>
        !/,\s*(?:(?:[3-9]\d|\d{3,})_\d{3}|\{[^{}]*(?:[3-9]\d|\d{3,})_\d{3}[^{}]*\}|[A-Za-z_]\w*),?\s*$/.test(
          given,
        ),
    );
}

/** Where the parenthesis closes that stands before `text`. */
function endOfArguments(text: string): number {
  let depth = 1;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')' && (depth -= 1) === 0) return at;
  }
  return text.length;
}

test('whoever waits says for how long, and as long as a busy machine may take', () => {
  const found = ['tests', 'src', 'local-stripe', 'scripts'].flatMap((folder) =>
    sourceFiles(folder, ['.ts'])
      .filter(({ path }) => !path.endsWith('architecture/waits.test.ts'))
      .flatMap(({ path, text }) => impatient(text).map((given) => `${path}: ${given}`)),
  );
  expect(found).toEqual([]);
});

test.each([
  ['vi.waitFor(() => expect(done).toBe(1))', true],
  ['vi.waitFor(async () => {\n  expect(await f(1, 2)).toEqual([3]);\n})', true],
  ['vi.waitFor(() => expect(done).toBe(1), 4_000)', true],
  ['vi.waitFor(check, { timeout: 4_000, interval: 50 })', true],
  ['vi.waitFor(() => expect(done).toBe(1), 15_000)', true],
  ['vi.waitFor(() => expect(done).toBe(1), 60_000)', false],
  ['vi.waitFor(\n  check,\n  { timeout: 30_000, interval: 50 },\n)', false],
])('%j waits too short: %s', (text, isShort) => {
  expect(impatient(text).length > 0).toBe(isShort);
});
