import { expect, test } from 'vitest';
import { ALERT_KINDS } from '../../../../domain/alerts.ts';
import { readRunbook } from '../runbook.ts';

test('14 the runbook says of every kind of alert what to do, in both languages', async () => {
  const english = await readRunbook('en');
  const chinese = await readRunbook('zh-CN');
  for (const entries of [english, chinese]) {
    expect(entries.map(({ kind }) => kind)).toEqual([...ALERT_KINDS]);
    for (const { kind, title, text } of entries) {
      expect([kind, title.length > 1, text.length > 40]).toEqual([kind, true, true]);
    }
  }
  const titleOf = (kind: string) => english.find((one) => one.kind === kind)!.title;
  expect(titleOf('event_dead')).toBe('Events could not be handled');
  expect(titleOf('collection_paused')).toBe('Nobody is charged, and the plan goes on');
});
