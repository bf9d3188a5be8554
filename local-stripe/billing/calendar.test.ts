import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundary, periodAt } from './calendar.ts';

const at = (text: string) => Date.parse(`${text}Z`) / 1000;
const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 19);
const month = { interval: 'month', interval_count: 1 };

describe('boundaries', () => {
  test.each([
    ['2027-01-31T10:00:00', month, [1, 2, 3], ['2027-02-28', '2027-03-31', '2027-04-30']],
    ['2028-01-30T10:00:00', month, [1, 2], ['2028-02-29', '2028-03-30']],
    [
      '2028-02-29T10:00:00',
      { interval: 'year', interval_count: 1 },
      [1, 4],
      ['2029-02-28', '2032-02-29'],
    ],
    [
      '2027-01-15T10:00:00',
      { interval: 'month', interval_count: 3 },
      [1, -1],
      ['2027-04-15', '2026-10-15'],
    ],
    ['2027-01-01T10:00:00', { interval: 'week', interval_count: 2 }, [1], ['2027-01-15']],
    ['2027-12-31T10:00:00', { interval: 'day', interval_count: 1 }, [1], ['2028-01-01']],
  ])('from %s by %o', (anchor, interval, ns, days) => {
    expect(ns.map((n) => day(boundary(at(anchor), interval, n)))).toEqual(
      days.map((text) => `${text}T10:00:00`),
    );
  });
});

test('periods leave no gap and do not overlap, wherever one looks', () => {
  const interval = fc.record({
    interval: fc.constantFrom('day', 'week', 'month', 'year'),
    interval_count: fc.integer({ min: 1, max: 3 }),
  });
  const instant = fc.integer({ min: at('2020-01-01T00:00:00'), max: at('2040-01-01T00:00:00') });
  fc.assert(
    fc.property(instant, interval, instant, (anchor, rhythm, when) => {
      const { start, end } = periodAt(anchor, rhythm, when);
      expect(start).toBeLessThanOrEqual(when);
      expect(end).toBeGreaterThan(when);
      expect(periodAt(anchor, rhythm, end).start).toBe(end);
      expect(periodAt(anchor, rhythm, start - 1).end).toBe(start);
    }),
  );
});
