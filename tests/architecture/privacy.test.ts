import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/server/config/env.ts';
import { readText } from './files.ts';
import { codeSpans, pages, tableRows } from './markdown.ts';

const page = (name: string) => pages.find((one) => one.path === name)!;
const spansOf = (cells: string) => [...cells.matchAll(/`(\w+)`/g)].map((match) => match[1]!);

test('14 docs/privacy.md says of every table what it tells of people, and of no other', () => {
  const rows = tableRows(page('docs/privacy.md'));
  const written = rows.flatMap(([tables = '']) => spansOf(tables));
  const tables = [...readText('src/db/schema.sql').matchAll(/^create table (\w+) \(/gm)];
  const known = [...new Set(tables.map((match) => match[1]!))];
  expect(known.length).toBeGreaterThan(40);
  expect(written.toSorted()).toEqual(known.sort());
});

test('14 docs/privacy.md keeps payloads as long as the code does', () => {
  const [, days] = /KEEP_PAYLOADS_MS = (\d+) \*/.exec(
    readText('src/server/services/billing/stripe-event.service.ts'),
  )!;
  expect(page('docs/privacy.md').text).toContain(`the words ${days} days`);
});

test('14 docs/security.md says of every secret what it opens', () => {
  const said = codeSpans(page('docs/security.md')).map(({ text }) => text);
  const secrets = VARIABLES.filter((name) => /(_SECRET|_SECRET_KEY|_TOKEN|_API_KEY)$/.test(name));
  expect(secrets.length).toBeGreaterThan(5);
  expect(secrets.filter((name) => !said.includes(name))).toEqual([]);
});
