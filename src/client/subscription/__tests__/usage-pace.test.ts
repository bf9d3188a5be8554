import { describe, expect, test } from 'vitest';
import type { UsageDay } from '../../../domain/api.ts';
import { describeUsage } from '../../../domain/quota.ts';
import { forecast, pacePerDay, summarizeDays } from '../usage-pace.ts';

const resetsAt = '2026-12-01T00:00:00.000Z';
const now = new Date('2026-11-11T00:00:00Z');
const days = (counts: number[]): UsageDay[] =>
  counts.map((messages) => ({ date: '', llm_tokens: 0, messages, images: 0, api_calls: 0 }));
const messages = (used: number, limit: number | null) => describeUsage('messages', used, 0, limit);

describe('13 until when the quota lasts as things go', () => {
  test.each<[string, ReturnType<typeof messages> | undefined, number[], object]>([
    [
      'seven a day, 49 left',
      messages(51, 100),
      Array(7).fill(7),
      { at: new Date('2026-11-18T00:00:00Z') },
    ],
    [
      'only the last seven days count',
      messages(51, 100),
      [999, ...Array(7).fill(7)],
      { at: new Date('2026-11-18T00:00:00Z') },
    ],
    ['it lasts', messages(51, 100), Array(7).fill(2), { kind: 'lasts' }],
    ['used up already', messages(100, 100), Array(7).fill(7), { kind: 'unknown' }],
    ['nobody used anything', messages(0, 100), Array(7).fill(0), { kind: 'unknown' }],
    ['no limit', messages(51, null), Array(7).fill(7), { kind: 'unknown' }],
    ['not in the plan', messages(0, 0), Array(7).fill(0), { kind: 'unknown' }],
    ['not known yet', undefined, Array(7).fill(7), { kind: 'unknown' }],
    ['no days', messages(51, 100), [], { kind: 'unknown' }],
  ])('%s', (_name, usage, counts, expected) => {
    expect(forecast(usage, days(counts), { now, resetsAt })).toMatchObject(expected);
  });
});

test('13 the pace of a quota is a day’s part of the month, however long that is', () => {
  expect(pacePerDay(messages(0, 300), resetsAt)).toBe(10);
  expect(pacePerDay(messages(0, 280), '2027-03-01T00:00:00.000Z')).toBe(10);
  expect(pacePerDay(messages(0, null), resetsAt)).toBeNull();
});

test('13 the sum, the highest day and the mean', () => {
  expect(summarizeDays(days([3, 5]), 'messages')).toEqual({ total: 8, most: 5, average: 4 });
  expect(summarizeDays(days([1, 0, 0]), 'messages').average).toBe(0.33);
  expect(summarizeDays(days([25, 0]), 'messages').average).toBe(13);
  expect(summarizeDays([], 'messages')).toEqual({ total: 0, most: 0, average: 0 });
});
