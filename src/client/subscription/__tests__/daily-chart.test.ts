import { describe, expect, test } from 'vitest';
import type { UsageDay } from '../../../domain/api.ts';
import { axisTop, dailyChartOption, labelEvery } from '../daily-chart.ts';

const look = {
  series: '#123456',
  ink: '#000',
  line: '#ccc',
  surface: '#fff',
  isStill: true,
  font: 'sans-serif',
  width: 600,
};
const words = {
  resource: 'Messages',
  today: 'Today',
  pace: 'Quota per day',
  ofDay: (day: string, count: string) => `${day}: ${count}`,
  day: (date: string) => date,
  number: String,
  compact: String,
};

function daysOf(counts: readonly number[]): UsageDay[] {
  return counts.map((messages, at) => ({
    date: `2026-11-${String(at + 1).padStart(2, '0')}`,
    ...{ llm_tokens: 900, messages, images: 1, api_calls: 0 },
  }));
}

const draw = (counts: number[], pacePerDay: number | null = null, today = '2026-12-31') =>
  dailyChartOption(daysOf(counts), 'messages', words, look, { today, pacePerDay });

describe('the daily chart', () => {
  test('shows one resource and never adds units of several', () => {
    expect(draw([3, 5]).series).toMatchObject([{ data: [3, 5] }]);
  });

  test('13 marks the day that is not over', () => {
    const { series, xAxis } = draw([3, 5], null, '2026-11-02');
    expect(series).toMatchObject([{ data: [3, { value: 5, itemStyle: { opacity: 0.55 } }] }]);
    expect(xAxis).toMatchObject({ data: ['2026-11-01', 'Today'] });
  });

  test.each<[string, number | null, boolean]>([
    ['near the bars', 4, true],
    ['far above, where it would only flatten them', 40, false],
    ['there is no limit', null, false],
  ])('13 has the pace of the quota as a line: %s', (_name, pace, isDrawn) => {
    const [own, line] = draw([3, 5], pace).yAxis as { max: number; show?: boolean }[];
    if (isDrawn) expect(line).toMatchObject({ interval: pace, max: own!.max });
    else expect(line).toMatchObject({ show: false });
  });

  test('13 cuts a spike, which says how high it is, so that the other days can be told apart', () => {
    const { series, yAxis } = draw([3, 5, 4, 6, 900, 5]);
    expect(yAxis).toMatchObject([{ max: 8 }, {}]);
    expect(series).toMatchObject([
      { data: [3, 5, 4, 6, { value: 8, label: { show: true, formatter: '↑ 900' } }, 5] },
    ]);
  });

  test.each<[string, number[], number | null]>([
    ['days alike', [3, 5, 4, 6, 5], null],
    ['a high day that is not out of all measure', [3, 5, 4, 6, 25], null],
    ['too few to have a usual one', [1, 900, 0, 0, 0], null],
    ['days without use say nothing', [0, 0, 0, 3, 5, 4, 6, 900], 8],
    ['nothing', [], null],
  ])('13 the axis ends at the highest day, or below a spike: %s', (_name, counts, top) => {
    expect(axisTop(counts)).toBe(top);
  });
});

test.each([
  [7, 300, 2],
  [30, 300, 8],
  [90, 300, 22],
  [30, 1100, 2],
  [31, 0, 31],
])('13.8 %s days in %s px have the date of every %s-th under them', (days, width, every) => {
  expect(labelEvery(days, width)).toBe(every);
});
