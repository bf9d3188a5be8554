import { expect, test } from 'vitest';
import { sourceFiles } from '../../../../tests/architecture/files.ts';
import { errors } from '../responses.ts';

test('codes of one status stand together in the document', () => {
  expect(Object.entries(errors('not_found', 'state_changed', 'tenant_not_found'))).toEqual([
    ['404', expect.objectContaining({ description: '`not_found`, `tenant_not_found`' })],
    ['409', expect.objectContaining({ description: '`state_changed`' })],
  ]);
});

test('a route lists its errors once: of two lists the second would hide codes of the first', () => {
  const twice = sourceFiles('src/server/routes')
    .filter(({ text }) => /\.\.\.errors\([^)]*\),\s*\.\.\.errors\(/.test(text))
    .map(({ path }) => path);
  expect(twice).toEqual([]);
});
