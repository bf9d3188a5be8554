import { expect, test } from 'vitest';
import { logCalls } from './log-messages.ts';
import { codeSpans, pages, tableRows } from './markdown.ts';

const page = pages.find((one) => one.path === 'docs/logs.md')!;
const calls = logCalls();

/** Words that a line gets from elsewhere: docs/logs.md says which, at its end. */
const ELSEWHERE = [
  'scripts/start/product.ts error',
  'scripts/start/product.ts warn',
  'src/server/jobs.ts warn',
  'src/server/middleware/error-handler.ts error',
  'src/server/middleware/error-handler.ts warn',
];
/** The words that `Jobs` gives its warnings. */
const OF_JOBS = ['a connection of the job queue broke', 'job queue'];

test('14 docs/logs.md has every message of the code at its level, and no other', () => {
  const written = tableRows(page).flatMap(([message = '', level = '']) =>
    /^(debug|info|warn|error)$/.test(level) ? `${level} ${message.replaceAll('`', '')}` : [],
  );
  const said = calls.flatMap(({ level, message }) => (message ? `${level} ${message}` : []));
  const all = [...said, ...OF_JOBS.map((message) => `warn ${message}`)];
  expect(all.length).toBeGreaterThan(50);
  expect(written.toSorted()).toEqual([...new Set(all)].sort());
  expect(new Set(written).size).toBe(written.length);
});

test('14 words from elsewhere come at known places alone', () => {
  const places = calls
    .filter(({ message }) => message === undefined)
    .map(({ file, level }) => `${file} ${level}`);
  expect([...new Set(places)].sort()).toEqual(ELSEWHERE);
});

test('14 what a line carries is an id, a number or an outcome: nothing that people wrote', () => {
  const personal =
    /^(email|recipient|name|displayName|message|prompt|text|address|ip|subject|body)$/;
  const told = calls.flatMap(({ file, fields }) =>
    fields.filter((field) => personal.test(field)).map((field) => `${file} ${field}`),
  );
  expect(told).toEqual([]);
});

test('14 the page explains the ids that join lines to one another', () => {
  const spans = codeSpans(page).map(({ text }) => text);
  for (const id of ['requestId', 'tenantId', 'customerId', 'eventId', 'job', 'err']) {
    expect(spans).toContain(id);
    expect(id === 'requestId' || calls.some(({ fields }) => fields.includes(id))).toBe(true);
  }
});
