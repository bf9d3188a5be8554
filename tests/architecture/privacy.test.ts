import { expect, test } from 'vitest';
import { KEPT_DAYS } from '../../src/domain/accounts/retention.ts';
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

test.each([
  ['api_keys', 'apiKeys', 'DAYS days after they were revoked or ran out'],
  ['checkout_sessions', 'expiredCheckouts', 'a page that nobody paid on, DAYS days'],
  ['credit_purchases', 'unpaidPurchases', 'a pack that nobody paid DAYS'],
  ['overage_consents', 'unusedAgreements', 'an agreement to overage that was not used DAYS days'],
  ['overage_notices', 'overageNotices', 'a mark of its cap DAYS'],
  ['mail_outbox', 'linkMails', 'those with a link DAYS days'],
  ['stripe_events', 'eventPayloads', 'the words DAYS days'],
  ['stripe_events', 'events', 'the event DAYS'],
  ['alerts', 'alerts', 'DAYS days after they are closed'],
] as const)('14 docs/privacy.md keeps %s as long as the code does: %s', (table, kind, words) => {
  const row = tableRows(page('docs/privacy.md')).find(([tables = '']) =>
    spansOf(tables).includes(table),
  )!;
  expect(row[3]).toContain(words.replace('DAYS', String(KEPT_DAYS[kind])));
});

test('14 docs/security.md says of every secret what it opens', () => {
  const said = codeSpans(page('docs/security.md')).map(({ text }) => text);
  const secrets = VARIABLES.filter((name) => /(_SECRET|_SECRET_KEY|_TOKEN|_API_KEY)$/.test(name));
  expect(secrets.length).toBeGreaterThan(5);
  expect(secrets.filter((name) => !said.includes(name))).toEqual([]);
});
