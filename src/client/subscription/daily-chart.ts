import type { EChartsOption } from 'echarts/types/dist/shared';
import type { UsageDay } from '../../domain/api.ts';
import type { ResourceType } from '../../domain/quota.ts';

export interface ChartLook {
  series: string;
  ink: string;
  line: string;
  surface: string;
  /** By its name: the widths of labels are measured with it, and `inherit` has none. */
  font: string;
  isStill: boolean;
  /** Of the chart, in pixels. */
  width: number;
}

export interface ChartWords {
  resource: string;
  today: string;
  /** What the pace line says. */
  pace: string;
  day(date: string): string;
  /** How much of a day: both are said already. */
  ofDay(day: string, count: string): string;
  number(value: number): string;
  compact(value: number): string;
}

export interface ChartLines {
  /** The day that is not over yet, `YYYY-MM-DD` in UTC. */
  today: string;
  /** What a day may use so that the quota lasts. */
  pacePerDay: number | null;
}

/** Bars, one a day, of one resource: units are never summed across resources. */
export function dailyChartOption(
  days: readonly UsageDay[],
  resource: ResourceType,
  words: ChartWords,
  look: ChartLook,
  { today, pacePerDay }: ChartLines,
): EChartsOption {
  const counts = days.map((day) => day[resource]);
  const cut = axisTop(counts);
  const highest = cut ?? Math.max(1, ...counts);
  const pace = pacePerDay !== null && pacePerDay <= highest * PACE_NEAR ? pacePerDay : null;
  // Both axes end at one height, or the line of one would lie at another height of the other.
  const top = Math.max(cut ?? Math.ceil(highest * 1.1), Math.ceil((pace ?? 0) * 1.1));
  const nameOf = (date: string) => (date === today ? words.today : words.day(date));
  return {
    animation: !look.isStill,
    animationDuration: 350,
    grid: { left: 4, right: 4, top: 22, bottom: 2, containLabel: true },
    textStyle: { fontFamily: look.font },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      backgroundColor: look.surface,
      borderColor: look.line,
      textStyle: { color: look.ink },
      formatter: (points) => {
        const point = Array.isArray(points) ? points[0] : points;
        const day = days[point?.dataIndex ?? 0];
        return day ? words.ofDay(nameOf(day.date), words.number(day[resource])) : '';
      },
    },
    xAxis: {
      type: 'category',
      data: days.map(({ date }) => nameOf(date)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.line } },
      splitLine: {
        show: true,
        interval: (index: number) => isBoundary(days, index),
        lineStyle: { color: look.line, type: 'dotted' },
      },
      axisLabel: {
        color: look.ink,
        hideOverlap: true,
        interval: (index: number) => isLabelled(index, days.length, look.width),
      },
    },
    yAxis: [
      {
        type: 'value',
        minInterval: 1,
        max: top,
        splitLine: { lineStyle: { color: look.line } },
        axisLabel: {
          color: look.ink,
          showMaxLabel: false,
          formatter: (value: number) => words.compact(value),
        },
      },
      paceAxis(pace, top, words, look),
    ],
    series: [
      {
        type: 'bar',
        name: words.resource,
        data: days.map((day) =>
          barOf(day[resource], { isToday: day.date === today, cut, top, words, look }),
        ),
        barMaxWidth: 34,
        itemStyle: { color: look.series, borderRadius: [4, 4, 0, 0] },
      },
    ],
  };
}

interface BarLook {
  isToday: boolean;
  /** What is higher is a spike. */
  cut: number | null;
  top: number;
  words: ChartWords;
  look: ChartLook;
}

/** Today is not over: its bar is paler. A spike ends at the axis and says how high it is. */
function barOf(count: number, { isToday, cut, top, words, look }: BarLook) {
  const isCut = cut !== null && count > cut;
  if (!isToday && !isCut) return count;
  const label = {
    show: true,
    position: 'top' as const,
    color: look.ink,
    textBorderWidth: 0,
    formatter: `↑ ${words.compact(count)}`,
  };
  return {
    value: isCut ? Math.min(count, top) : count,
    ...(isToday ? { itemStyle: { opacity: 0.55 } } : {}),
    ...(isCut ? { label } : {}),
  };
}

/** The pace line is drawn where the bars are near it; far above them it would only flatten them. */
const PACE_NEAR = 2.5;

/** An axis of one line, at the pace: its split lines are drawn at every multiple, all but the first unseen. */
function paceAxis(pace: number | null, top: number, words: ChartWords, look: ChartLook) {
  if (pace === null) return { type: 'value' as const, show: false };
  const unseen = Array<string>(Math.ceil(top / pace) + 1).fill('transparent');
  return {
    type: 'value' as const,
    min: 0,
    max: top,
    interval: pace,
    axisLabel: {
      inside: true,
      verticalAlign: 'bottom' as const,
      padding: [0, 0, 8, 0],
      color: look.ink,
      formatter: (value: number) => (value === pace ? words.pace : ''),
    },
    splitLine: { lineStyle: { type: 'dashed' as const, color: unseen.with(1, look.ink) } },
  };
}

/** Days that say something; fewer have no usual day to compare with. */
const USUAL_DAYS_MIN = 5;
const SPIKE_TIMES = 6;

/** Where the axis ends when single days are many times the usual one; `null`: at the highest day. */
export function axisTop(counts: readonly number[]): number | null {
  const used = counts.filter((count) => count > 0).sort((a, b) => a - b);
  if (used.length < USUAL_DAYS_MIN) return null;
  const usual = used[Math.floor(used.length / 2)]!;
  const highest = used.findLast((count) => count <= usual * SPIKE_TIMES)!;
  return used.at(-1)! > usual * SPIKE_TIMES ? Math.ceil(highest * 1.25) : null;
}

/** A month at most is cut by its weeks, more by its months. */
function isBoundary(days: readonly UsageDay[], index: number): boolean {
  const date = new Date(`${days[index]?.date ?? ''}T00:00:00Z`);
  return days.length <= 31 ? date.getUTCDay() === 1 : date.getUTCDate() === 1;
}

/** Every so-many-th day has its date under it, and the last one always. */
function isLabelled(index: number, days: number, width: number): boolean {
  const every = labelEvery(days, width);
  if (index === days - 1) return true;
  return index % every === 0 && days - 1 - index >= every;
}

/** How far apart a date and its neighbour begin, at least: the longest with room around it. */
const LABEL_PX = 72;

/** Every how many-th day has its date under it, so that no two touch. */
export function labelEvery(days: number, width: number): number {
  return Math.max(1, Math.ceil((days * LABEL_PX) / Math.max(width, LABEL_PX)));
}
