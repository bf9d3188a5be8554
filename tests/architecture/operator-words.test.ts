import { describe, expect, test } from 'vitest';
import { ALERT_KINDS } from '../../src/domain/alerts.ts';
import en from '../../src/client/i18n/en/index.ts';
import {
  alertWord,
  MAIL_KINDS,
  operatorActWord,
} from '../../src/client/settings/operator-words.ts';
import { readRunbook } from '../../src/server/services/operators/runbook.ts';
import { TENANT_ACTS } from '../../src/domain/accounts/operator-act.ts';
import { en as templates } from '../../src/server/services/mail/templates.en.ts';
import { sourceFiles } from './files.ts';

describe('the operator’s page has words for', () => {
  test('every kind of mail', () => {
    expect([...MAIL_KINDS].sort()).toEqual(Object.keys(templates).sort());
    expect(Object.keys(en.admin.mails).sort()).toEqual([...MAIL_KINDS].sort());
  });

  test('every entry that is written of operators', () => {
    const server = sourceFiles('src/server/services/operators');
    const written = server.flatMap(({ text }) =>
      [
        ...text.matchAll(/'(operator\.[a-z_]+)'/g),
        ...[...text.matchAll(/name: '((?:viewed|alert_resolved|replay)[a-z_.]*)'/g)],
        ...text.matchAll(/'(replay(?:\.previewed)?)'/g),
      ].map(([, name]) => name!.replace(/^(?!operator\.)/, 'operator.')),
    );
    const acts = TENANT_ACTS.flatMap((act) => [`operator.${act}`, `operator.${act}.previewed`]);
    const all = [...written, ...acts];
    expect(all).toEqual(expect.arrayContaining(['operator.viewed', 'operator.replay.previewed']));
    const say = (key: string) => key;
    expect(all.filter((action) => operatorActWord(action, say) === null)).toEqual([]);
  });

  test('every alert, in words of its own', () => {
    const says: Record<string, string> = en.admin.alertSays;
    const keys = ALERT_KINDS.map((kind) => kind.replaceAll('.', '_'));
    expect(Object.keys(says).sort()).toEqual(keys.sort());
    const say = (key: string) => says[key.split('.').at(-1)!]!;
    expect(ALERT_KINDS.filter((kind) => !alertWord(kind, say))).toEqual([]);
    expect(alertWord('of_a_later_version', say)).toBeNull();
  });

  test.each(['en', 'zh-CN'] as const)('every alert, in the runbook (%s)', async (language) => {
    const entries = await readRunbook(language);
    expect(entries.map(({ kind }) => kind).sort()).toEqual([...ALERT_KINDS].sort());
  });
});
