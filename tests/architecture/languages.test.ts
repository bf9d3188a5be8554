import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { FIRST_PLANS } from '../support/first-plans.ts';
import { PLANS } from '../../src/domain/plans.ts';
import { NOT_IN_CHINESE } from './chinese-words.ts';
import type { SourceFile } from './files.ts';
import { anchors, codeBlocks, headings, links, pages, prose, tableRows } from './markdown.ts';

/** The pages that are there in English and in Chinese. */
const TRANSLATED = [
  'README.md',
  'docs/deployment/stripe-setup.md',
  'docs/runbook.md',
  'docs/subscription-guide.md',
];

const CHINESE = /\.zh-CN\.md$/;
const inEnglish = (file: string) => file.replace(CHINESE, '.md');
const inChinese = (file: string) => inEnglish(file).replace(/\.md$/, '.zh-CN.md');
const page = (file: string): SourceFile => {
  const found = pages.find((one) => one.path === file);
  if (!found) throw new Error(`${file} is missing.`);
  return found;
};
const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();

/** Where the links of a page lead: the file in English, and which of its headings. */
function targets(from: SourceFile): { file: string; toChinese: boolean; heading: number }[] {
  return links(from).map(({ text }) => {
    const [address, anchor] = text.split('#') as [string, string?];
    const file = address
      ? path.posix.join(path.posix.dirname(from.path), decodeURI(address))
      : from.path;
    const to = pages.find((one) => one.path === file);
    const heading = anchor === undefined || !to ? -1 : [...anchors(to)].indexOf(decodeURI(anchor));
    return { file: inEnglish(file), toChinese: CHINESE.test(file), heading };
  });
}

test('14 these pages are in both languages, and no others', () => {
  const chinese = pages.filter((one) => CHINESE.test(one.path)).map((one) => one.path);
  expect(chinese.map(inEnglish).sort()).toEqual(TRANSLATED);
});

describe.each(TRANSLATED)('14 both languages of %s say the same', (name) => {
  const [english, chinese] = [page(name), page(inChinese(name))];

  test('each leads to the other before its first section', () => {
    for (const [one, other] of [
      [english, chinese],
      [chinese, english],
    ] as const) {
      const [beginning] = one.text.split('\n## ');
      expect(beginning).toContain(`](${path.posix.basename(other.path)})`);
    }
  });

  test('the same headings at the same depths', () => {
    const depths = (one: SourceFile) => headings(one).map(({ depth }) => depth);
    expect(depths(chinese)).toEqual(depths(english));
  });

  test('the same commands and programs', () => {
    const commands = (one: SourceFile) =>
      codeBlocks(one).map(({ language, lines }) => [
        language,
        ...lines.map((line) => line.replace(/(^|\s+)#.*$/, '')).filter((line) => line !== ''),
      ]);
    expect(commands(chinese)).toEqual(commands(english));
  });

  test('the same names and commands in code letters', () => {
    const spans = (one: SourceFile) =>
      sorted(
        [
          ...prose(one)
            .join('\n')
            .matchAll(/`([^`]+)`/g),
        ].map(([, text]) => text!.replaceAll(/\s+/g, ' ')),
      );
    expect(spans(chinese)).toEqual(spans(english));
  });

  test('links to the same headings of the same pages, the same pictures and sites', () => {
    const led = (one: SourceFile) =>
      targets(one).map(({ file, heading }) => `${file} ${heading === -1 ? '' : heading}`);
    expect(led(chinese).sort()).toEqual(led(english).sort());
    // Of one picture each page shows the one in its language, in whichever theme.
    const sites = (one: SourceFile) =>
      [...one.text.matchAll(/\]\((https?:[^)\s]+)|src="([^"]+)"/g)].map(([whole]) =>
        whole.replace(/-(light|dark)-(en|zh)\.png/, '.png'),
      );
    expect(sites(chinese).sort()).toEqual(sites(english).sort());
  });

  test('each leads to pages in its own language, where they are', () => {
    const elsewhere = (one: SourceFile) =>
      targets(one).filter(
        ({ file, toChinese }) =>
          TRANSLATED.includes(file) && file !== name && toChinese !== CHINESE.test(one.path),
      );
    expect(elsewhere(chinese)).toEqual([]);
    expect(elsewhere(english)).toEqual([]);
  });

  test('tables of the same shape, with the same numbers', () => {
    const shape = (one: SourceFile) =>
      tableRows(one).map((cells) =>
        cells.map((cell) => (/^[\d,]+$/.test(cell) ? cell : '')).join('|'),
      );
    expect(shape(chinese)).toEqual(shape(english));
  });

  test('13.9 the Chinese has the words of the screen', () => {
    const found = prose(chinese).flatMap((line) =>
      NOT_IN_CHINESE.filter(([word]) => word.test(line)).map(
        ([word, instead]) => `${line} — not ${word}, but ${instead}`,
      ),
    );
    // Pages name the product as its repository does.
    expect(found.filter((one) => !one.endsWith('product.ts'))).toEqual([]);
  });
});

test('14 the guide says how many people a plan has room for', () => {
  const row = tableRows(page('docs/subscription-guide.md')).find(
    ([what]) => what === 'People in a team',
  );
  expect(row?.slice(1)).toEqual(PLANS.map((plan) => String(FIRST_PLANS[plan].seats)));
});
