import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeUsage, rawTokens } from '../judge-usage.ts';
import type { ReportedUsage } from '../upstream/provider.ts';

/** By our own count. */
const own = { promptTokens: 100, completionTokens: 40 };
const report = (
  promptTokens: unknown,
  completionTokens: unknown,
  totalTokens?: unknown,
): ReportedUsage => ({ promptTokens, completionTokens, totalTokens });

describe('10.2 what is charged of a report', () => {
  test.each<[string, ReportedUsage | undefined, [number, number], string, string[]]>([
    ['none', undefined, [100, 40], 'us us', []],
    ['one that agrees with us', report(100, 40, 140), [100, 40], 'upstream upstream', []],
    ['another tokenizer', report(70, 55, 125), [70, 55], 'upstream upstream', []],
    ['one without its total', report(90, 50), [90, 50], 'upstream upstream', []],
    ['zeros', report(0, 0, 0), [100, 40], 'us us', ['prompt', 'completion']],
    ['an answer of 0 tokens', report(100, 0, 100), [100, 40], 'upstream us', ['completion']],
    ['a total under its parts', report(100, 400, 3), [100, 40], 'us us', ['prompt', 'completion']],
    ['a total above its parts', report(100, 40, 500), [100, 400], 'upstream upstream', []],
    ['a prompt far below ours', report(3, 40, 43), [100, 40], 'us upstream', ['prompt']],
    ['only the first chunk', report(100, 1, 101), [100, 40], 'upstream us', ['completion']],
    ['a total alone', { totalTokens: 190 }, [100, 90], 'us upstream', []],
    ['a total alone, too small', { totalTokens: 20 }, [100, 40], 'us us', ['completion']],
    ['negative counts', report(-5, -7, -12), [100, 40], 'us us', ['prompt', 'completion']],
    ['fractions', report(99.5, 40, 140), [100, 40], 'us upstream', ['prompt']],
    ['text', report('100', '40', '140'), [100, 40], 'us us', ['prompt', 'completion']],
    ['a count beyond reason', report(1e15, 40), [100, 40], 'us upstream', ['prompt']],
    ['a total under nothing', report(100, 40, -1), [100, 40], 'us us', ['prompt', 'completion']],
    ['a total without its prompt', report(null, 90, 150), [100, 90], 'us upstream', []],
    [
      'more cached than read',
      { ...report(90, 50, 140), cachedTokens: 91 },
      [100, 50],
      'us upstream',
      ['prompt'],
    ],
    [
      'more thoughts than answer',
      { ...report(90, 50, 140), reasoningTokens: 51 },
      [90, 40],
      'upstream us',
      ['completion'],
    ],
    [
      'thoughts beside the answer, in the total alone',
      { ...report(90, 50, 640), reasoningTokens: 500 },
      [90, 550],
      'upstream upstream',
      [],
    ],
    [
      'details that are no counts',
      { ...report(90, 50, 140), cachedTokens: '91', reasoningTokens: -51 },
      [90, 50],
      'upstream upstream',
      [],
    ],
    ['a total beyond reason', report(100, 40, 1e300), [100, 40], 'upstream upstream', []],
    [
      'another shape',
      { promptTokens: {}, completionTokens: [] },
      [100, 40],
      'us us',
      ['prompt', 'completion'],
    ],
  ])('%s', (_case, reported, [prompt, completion], by, distrusted) => {
    const judged = judgeUsage(reported, own, true);
    expect(judged).toMatchObject({
      promptTokens: prompt,
      completionTokens: completion,
      totalTokens: prompt + completion,
      distrusted,
    });
    expect(`${judged.promptCountedBy} ${judged.completionCountedBy}`).toBe(by);
  });

  test('of an answer that was cut, no less than what was streamed', () => {
    expect(judgeUsage(report(100, 30, 130), own, true).completionTokens).toBe(30);
    expect(judgeUsage(report(100, 30, 130), own, false)).toMatchObject({
      completionTokens: 40,
      completionCountedBy: 'us',
    });
  });

  test('of an empty answer, nothing for it', () => {
    const empty = { promptTokens: 100, completionTokens: 0 };
    expect(judgeUsage(report(100, 0, 100), empty, true).totalTokens).toBe(100);
  });

  test('whatever is written there, the charge is whole, can be recorded, and is never under half of ours', () => {
    const anything = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.bigInt().map(Number),
      fc.string(),
      fc.constantFrom(null, undefined, true, {}, [], 0, -1, 2 ** 53, Infinity, NaN),
    );
    fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        fc.boolean(),
        (prompt, completion, total, complete) => {
          const { promptTokens, completionTokens, totalTokens } = judgeUsage(
            report(prompt, completion, total),
            own,
            complete,
          );
          for (const tokens of [promptTokens, completionTokens, totalTokens]) {
            expect(Number.isSafeInteger(tokens) && tokens <= 30_000_000).toBe(true);
          }
          expect(promptTokens).toBeGreaterThanOrEqual(50);
          expect(completionTokens).toBeGreaterThanOrEqual(20);
          expect(totalTokens).toBe(promptTokens + completionTokens);
        },
      ),
    );
  });
});

describe('12.6 what of a prompt was read from a cache (failure case 53)', () => {
  test.each<[string, ReportedUsage | undefined, [number, number], string]>([
    ['as reported', { ...report(100, 40), cachedTokens: 60 }, [40, 60], 'upstream'],
    ['all of it', { ...report(100, 40), cachedTokens: 100 }, [0, 100], 'upstream'],
    ['reported as none', { ...report(100, 40), cachedTokens: 0 }, [100, 0], 'upstream'],
    ['not reported', report(100, 40), [100, 0], 'us'],
    ['no report at all', undefined, [100, 0], 'us'],
    ['more than the prompt', { ...report(100, 40), cachedTokens: 101 }, [100, 0], 'us'],
    ['no count', { ...report(100, 40), cachedTokens: '60' }, [100, 0], 'us'],
    ['of a prompt not believed', { ...report(3, 40), cachedTokens: 2 }, [100, 0], 'us'],
  ])('%s', (_case, reported, [input, cached], by) => {
    const { raw, cachedCountedBy } = rawTokens(judgeUsage(reported, own, true), reported);
    expect(raw).toEqual({ input, cached, output: 40 });
    expect(cachedCountedBy).toBe(by);
  });
});
