import { describe, expect, test } from 'vitest';
import { NO_RULE } from '../../src/domain/billing/spending/rules.ts';
import { capIn } from './kept.ts';
import { rulesAt } from './spending.ts';

const at = (iso: string) => Date.parse(iso);

describe('the highest cap that may have been in force in a month', () => {
  const caps = [
    { at: at('2026-03-10T00:00:00Z'), upToMinor: 1_000 },
    { at: at('2026-03-20T00:00:00Z'), upToMinor: 30_000 },
    { at: at('2026-05-02T00:00:00Z'), upToMinor: 0 },
  ];
  test.each([
    ['before the first', '2026-02', 0],
    ['the highest of the month', '2026-03', 30_000],
    ['the last one goes on', '2026-04', 30_000],
    ['until it is ended, in that month still', '2026-05', 30_000],
    ['after that none', '2026-06', 0],
  ])('%s', (_what, period, minor) => {
    expect(capIn({ caps }, period)).toBe(minor);
  });
});

describe('the rules that surely hold', () => {
  const rule = (iso: string, singleMaxMinor: number) => ({
    ...{ at: at(iso), maxima: { ...NO_RULE, singleMaxMinor } },
  });
  const rules = [rule('2026-03-10T00:00:00Z', 1), rule('2026-03-20T00:00:00Z', 2)];
  test.each([
    ['2026-03-09T23:00:00Z', []],
    ['2026-03-10T01:00:00Z', [1]],
    ['2026-03-20T01:00:00Z', [1, 2]],
    ['2026-03-21T01:00:00Z', [2]],
  ])('at %s', (iso, expected) => {
    const holding = rulesAt({ rules }, at(iso));
    expect(holding.map(({ maxima }) => maxima.singleMaxMinor)).toEqual(expected);
  });
});
