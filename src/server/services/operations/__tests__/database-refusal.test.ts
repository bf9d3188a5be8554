import { expect, test } from 'vitest';
import { databaseRefusal } from '../database-refusal.ts';

const failed = (code: string) =>
  new Error('Failed query', { cause: Object.assign(new Error('said the server'), { code }) });

test.each([
  ['40P01', 'busy', 503],
  ['40001', 'busy', 503],
  ['57P01', 'database_unavailable', 503],
  ['53100', 'database_unavailable', 503],
  ['22021', 'invalid_request', 400],
])('10.9 what the database says by %s is told as %s', (code, told, status) => {
  expect(databaseRefusal(failed(code))).toMatchObject({ code: told, status });
});

test('10.9 what is our own fault is told as nobody’s refusal', () => {
  expect(databaseRefusal(failed('42703'))).toBeUndefined();
});
