import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { statementsOf } from '../statements.ts';

const BUCKET = `${import.meta.dirname}/../bucket`;

test.each([
  ['two', 'select 1; select 2;', ['select 1', 'select 2']],
  ['a comment with a semicolon and a quote', "-- it's; so\nselect 1;", ["-- it's; so\nselect 1"]],
  ['a text', "select 'a;''b'; select 2", ["select 'a;''b'", 'select 2']],
  ['a body', 'do $$ begin null; end $$; select 2', ['do $$ begin null; end $$', 'select 2']],
  ['nothing but comments', '-- a\n;\n/* b; */', []],
])('statements: %s', (_what, sql, found) => {
  expect(statementsOf(sql)).toEqual(found);
});

test.each(readdirSync(BUCKET))('each statement of %s begins one', (name) => {
  const found = statementsOf(readFileSync(`${BUCKET}/${name}`, 'utf8'));
  expect(found.length).toBeGreaterThan(0);
  for (const statement of found) {
    const bare = statement.replace(/^(?:--[^\n]*\n|\s)+/, '');
    expect(bare).toMatch(/^(?:create|alter|drop|lock|set|insert|update|delete|do|select|with)\b/i);
  }
});
