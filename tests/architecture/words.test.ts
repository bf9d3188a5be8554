import { expect, test } from 'vitest';
import { NOT_IN_CHINESE } from './chinese-words.ts';
import { sourceFiles } from './files.ts';
import { LIKE_KEPT_MONEY, REALLY_MONEY } from './kept-money.ts';
import { prose } from './markdown.ts';

/**
 * What customers read is written in these files, whoever adds to them. One name per thing and one
 * form of address, and plain words: each row is what is not said, and what is said instead.
 */
const CHINESE = /(^src\/client\/i18n\/zh-CN\/|\.zh\.ts$|^local-stripe\/pages\/words\/zh)/;
const ENGLISH = /(^src\/client\/i18n\/en\/|\.en\.ts$|^local-stripe\/pages\/words\/en)/;

const NOT_IN_ENGLISH: [RegExp, string][] = [
  [/enjoy your/i, 'nothing'],
  [/\bevening\b|\bevery night\b/i, 'nothing'],
  [/\bby (itself|themselves|ourselves)\b/i, 'automatically'],
  [/a slip in/i, 'not right'],
  [/pull up a chair|take your seat|at (your|small) tables?\b|who sits/i, 'what it is'],
  [/\bstarts again on\b|count starts again/i, 'resets on'],
  [/'Noted/, 'what was done'],
  [/a bit fast/i, 'Too many requests'],
  [/'Not now'/, 'Cancel'],
  [/Your payment is safe/i, 'what is known'],
  [/on our side\. Nothing was charged/i, 'nothing about charges where nobody knows'],
  [/'Small Squaretable'/, 'PRODUCT_NAME of src/domain/product.ts'],
];

const FILES = [...sourceFiles('src'), ...sourceFiles('local-stripe/pages')];

const strings = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

function found(files: RegExp, words: [RegExp, string][]): string[] {
  return FILES.filter(({ path }) => files.test(path) && !path.includes('__tests__')).flatMap(
    ({ path, text }) =>
      strings(text)
        .split('\n')
        .flatMap((line) =>
          words
            .filter(([word]) => word.test(line))
            .map(([word, instead]) => `${path}: ${line.trim()} — not ${word}, but ${instead}`),
        ),
  );
}

test('13.9 13.10 Chinese has one name for a thing, one form of address, and the words of its readers', () => {
  expect(found(CHINESE, NOT_IN_CHINESE)).toEqual([]);
});

test('13.10 English says what is so, and plays with no words', () => {
  expect(found(ENGLISH, NOT_IN_ENGLISH)).toEqual([]);
});

test('13.9 the words of pages, mails and the local Stripe are all looked at', () => {
  const looked = (files: RegExp) => FILES.filter(({ path }) => files.test(path)).length;
  expect(looked(CHINESE)).toBeGreaterThanOrEqual(17);
  expect(looked(ENGLISH)).toBeGreaterThanOrEqual(17);
});

test('13 words and figures meet in a message, where each language sets its own spaces and colons', () => {
  const said = String.raw`\$\{[\w.]*\bt\((?:[^\`]|\`[^\`]*\`)*?\)\}`;
  const glued = new RegExp(`${said}[ :,]+\\$\\{|\\$\\{[^\`{}]*\\}[ :,]+\\$\\{[\\w.]*\\bt\\(`);
  const pages = FILES.filter(({ path }) => path.startsWith('src/client/'));
  const at = pages.filter(({ path, text }) => !path.includes('__tests__') && glued.test(text));
  expect(at.map(({ path }) => path)).toEqual([]);
});

const unlinked = (line: string) => line.replace(/`[^`]*`|\]\([^)]*\)/g, '');

/** What people read: strings of both languages, and the prose of the documentation, code left out. */
const READ = [
  ...sourceFiles('src')
    .filter(({ path }) => !path.includes('__tests__'))
    .map(({ path, text }) => ({ path, lines: strings(text).split('\n').flatMap(quoted) })),
  ...sourceFiles('docs', ['.md'])
    .filter(({ path }) => !path.startsWith('docs/adr/'))
    .map((page) => ({ path: page.path, lines: prose(page).map(unlinked) })),
];

/** What stands in quotes, without what is filled in; no names of code and no paths. */
function quoted(line: string): string[] {
  return [...line.matchAll(/'((?:[^'\\]|\\.)*)'|"([^"]*)"|`([^`]*)`/g)]
    .map(([text]) => text.replace(/\$\{[^}]*\}/g, ''))
    .filter((text) => !/^.[a-z.][\w./-]*.$/.test(text));
}

const isEnglish = (path: string) =>
  ENGLISH.test(path) || /^src\/domain\/accounts\/|^docs\//.test(path);

test('12 13.10 nothing that is read of credits sounds like kept money, and what is money is named', () => {
  const used = new Set<RegExp>();
  const sounding = READ.flatMap(({ path, lines }) =>
    lines.flatMap((line) => {
      const rest = REALLY_MONEY.filter(([file]) => file.test(path)).reduce((left, [, said]) => {
        if (said.test(left)) used.add(said);
        return left.replace(new RegExp(said, 'g'), '');
      }, line);
      const words = [LIKE_KEPT_MONEY.zh, ...(isEnglish(path) ? [LIKE_KEPT_MONEY.en] : [])];
      return words.some((word) => word.test(rest)) ? [`${path}: ${line.trim()}`] : [];
    }),
  );
  expect(sounding).toEqual([]);
  expect(REALLY_MONEY.filter(([, said]) => !used.has(said))).toEqual([]);
});
