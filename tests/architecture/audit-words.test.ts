import { expect, test } from 'vitest';
import en from '../../src/client/i18n/en/index.ts';
import { auditActionKey } from '../../src/domain/accounts/audit-actions.ts';
import { sourceFiles } from './files.ts';

test('13 whatever the log has a name for has words', () => {
  const rooms =
    'api_key|character|credits|invitation|member|overage|purchase|spending_rule|statement|subscription';
  const name = new RegExp(`'((?:${rooms}|team|tenant|usage|user)\\.[a-z_]+)'`, 'g');
  const written = ['src/server', 'src/db']
    .flatMap((folder) => sourceFiles(folder, ['.ts']))
    .filter(({ path }) => !path.includes('__tests__'))
    .flatMap(({ text }) => [...text.matchAll(name)].map(([, action]) => action!));
  expect(written.length).toBeGreaterThan(40);
  const wordless = [...new Set(written)].filter((action) => {
    const key = auditActionKey(action);
    return key === null || !(key in en.team.audit.actions);
  });
  // They belong into audit-actions.ts, and their words into audit-words.ts, in both languages.
  expect(wordless).toEqual([]);
});
