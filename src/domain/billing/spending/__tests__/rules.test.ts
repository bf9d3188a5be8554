import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LOOSENING_MS,
  MINORS_MAXIMA,
  NO_RULE,
  ruleAt,
  rulesFrom,
  setRule,
  type KeptRule,
  type SpendingRule,
} from '../rules.ts';

const now = new Date('2026-05-10T12:00:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);
const own = (
  single: number | null,
  day: number | null,
  month: number | null,
  currency = 'cny',
): SpendingRule => ({
  ...{ preset: 'own', currency },
  ...{ singleMaxMinor: single, dayMaxMinor: day, monthMaxMinor: month },
});
describe('12.45 rules by age', () => {
  test('minors of each age may spend something only from eight on, and the older more', () => {
    const [none, young, old] = ['minor_under_8', 'minor_8_15', 'minor_16_17'].map(
      (one) => MINORS_MAXIMA[one]!.cny!,
    );
    expect(none).toMatchObject({ singleMaxMinor: 0, monthMaxMinor: 0 });
    expect(young).toMatchObject({ singleMaxMinor: 5_000, monthMaxMinor: 20_000 });
    expect(old).toMatchObject({ singleMaxMinor: 10_000, monthMaxMinor: 40_000 });
  });
});

describe('12.47 another rule', () => {
  test.each([
    ['the first one', NO_RULE, own(5, null, 9), own(5, null, 9), false],
    ['tighter in all', own(5, null, 9), own(4, 2, 8), own(4, 2, 8), false],
    ['looser in all', own(5, null, 9), own(6, null, null), own(5, null, 9), true],
    ['tighter here, looser there', own(5, null, 9), own(6, 3, 8), own(5, 3, 8), true],
    ['none any more', own(5, null, 9), NO_RULE, own(5, null, 9), true],
    ['another currency', own(5, null, 9), own(1, 1, 1, 'usd'), own(5, null, 9), true],
    ['the same', own(5, null, 9), own(5, null, 9), own(5, null, 9), false],
  ] as const)('%s', (_what, before, wanted, atOnce, waits) => {
    const first = setRule(undefined, before, now);
    const kept = setRule(first, wanted, now);
    expect(ruleAt(kept, now)).toMatchObject({ ...atOnce, preset: expect.any(String) });
    expect(kept.nextAt).toEqual(waits ? after(LOOSENING_MS) : null);
    expect(ruleAt(kept, after(LOOSENING_MS - 1))).toEqual(ruleAt(kept, now));
    expect(ruleAt(kept, after(LOOSENING_MS))).toEqual(waits ? wanted : atOnce);
  });

  test('what is agreed to for good has to fit what holds and what waits', () => {
    const first = setRule(undefined, own(5, null, 9), now);
    const kept = setRule(first, own(1, 1, 1, 'usd'), now);
    expect(rulesFrom(kept, now)).toMatchObject([{ currency: 'cny' }, { currency: 'usd' }]);
    expect(rulesFrom(kept, after(LOOSENING_MS))).toMatchObject([{ currency: 'usd' }]);
    expect(rulesFrom(setRule(first, NO_RULE, now), now)).toHaveLength(1);
    expect(rulesFrom(undefined, now)).toEqual([]);
  });

  test('asked for again it waits no longer; the one that holds, asked for again, takes it back', () => {
    const first = setRule(undefined, own(5, null, 9), now);
    const kept = setRule(first, own(6, null, 9), now);
    expect(setRule(kept, own(6, null, 9), after(60_000)).nextAt).toEqual(kept.nextAt);
    expect(setRule(kept, own(7, null, 9), after(60_000)).nextAt).toEqual(
      after(LOOSENING_MS + 60_000),
    );
    expect(setRule(kept, own(5, null, 9), after(60_000))).toMatchObject({ next: null });
  });

  test('whatever is asked for, nothing gets looser before a day has passed since it was asked for', () => {
    const amount = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });
    const rule = fc.oneof(
      fc.constant(NO_RULE),
      fc
        .tuple(amount, amount, amount)
        .filter((all) => all.some((one) => one !== null))
        .map(([single, day, month]) => own(single, day, month)),
    );
    const step = fc.record({ wanted: rule, hours: fc.constantFrom(0, 1, 12, 23, 24, 25) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        let at = now.getTime();
        let kept: KeptRule | undefined;
        const asked: { at: number; rule: SpendingRule }[] = [];
        for (const { wanted, hours } of steps) {
          at += hours * 3_600_000;
          const before = ruleAt(kept, new Date(at));
          asked.push({ at, rule: wanted });
          kept = setRule(kept, wanted, new Date(at));
          const holds = ruleAt(kept, new Date(at));
          for (const kind of ['singleMaxMinor', 'dayMaxMinor', 'monthMaxMinor'] as const) {
            const most = (one: SpendingRule) => one[kind] ?? Infinity;
            expect(most(holds)).toBeLessThanOrEqual(most(before));
            if (holds.currency === wanted.currency) {
              expect(most(holds)).toBeLessThanOrEqual(Math.max(most(wanted), most(before)));
            }
          }
          // A day later it is what was asked for last, and nothing else.
          expect(ruleAt(kept, new Date(at + LOOSENING_MS))).toMatchObject({
            ...asked.at(-1)!.rule,
            preset: expect.any(String),
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});
