import { expect, test } from 'vitest';
import type { UsageStats } from '../../../domain/api.ts';
import { firstRenewal, presentOf, trialEnd } from '../renewal.ts';

test.each([
  ['2026-11-23', 'month', '2026-12-23'],
  ['2026-12-15', 'month', '2027-01-15'],
  ['2027-01-31', 'month', '2027-02-28'],
  ['2028-01-31', 'month', '2028-02-29'],
  ['2026-03-31', 'month', '2026-04-30'],
  ['2028-02-29', 'year', '2029-02-28'],
  ['2026-11-23', 'year', '2027-11-23'],
] as const)('paid on %s by the %s, renewed on %s', (start, interval, expected) => {
  const renewal = firstRenewal(new Date(`${start}T10:20:30Z`), interval);
  expect(renewal.toISOString()).toBe(`${expected}T10:20:30.000Z`);
});

const usage = (period: string, updatedAt: string) => ({ period, updatedAt }) as UsageStats;
const READER = new Date('2026-11-23T09:00:00Z');

test.each([
  ['nothing known', undefined, '2026-11-23T09:00:00.000Z'],
  ['the same month', usage('2026-11', '2026-11-20T00:00:00Z'), '2026-11-23T09:00:00.000Z'],
  [
    'the service is months ahead',
    usage('2027-03', '2026-12-31T00:00:00Z'),
    '2027-03-01T00:00:00.000Z',
  ],
  [
    'a count from later today',
    usage('2026-11', '2026-11-23T12:00:00Z'),
    '2026-11-23T12:00:00.000Z',
  ],
])('the present, %s', (_case, stats, expected) => {
  expect(presentOf(stats, READER).toISOString()).toBe(expected);
});

test('a trial is counted in days, over the end of the month', () => {
  expect(trialEnd(new Date('2026-11-23T10:00:00Z'), 14).toISOString()).toBe(
    '2026-12-07T10:00:00.000Z',
  );
});
