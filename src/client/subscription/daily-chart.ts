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
  description: string;
  day(date: string): string;
  number(value: number): string;
  compact(value: number): string;
}

/** Bars, one a day, of one resource: units are never summed across resources. */
export function dailyChartOption(
  days: readonly UsageDay[],
  resource: ResourceType,
  words: ChartWords,
  look: ChartLook,
): EChartsOption {
  return {
    animation: !look.isStill,
    animationDuration: 350,
    aria: { enabled: true, decal: { show: true }, label: { description: words.description } },
    grid: { left: 4, right: 4, top: 14, bottom: 2, containLabel: true },
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
        return day ? `${words.day(day.date)}: ${words.number(day[resource])}` : '';
      },
    },
    xAxis: {
      type: 'category',
      data: days.map(({ date }) => words.day(date)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: look.line } },
      axisLabel: {
        color: look.ink,
        hideOverlap: true,
        interval: (index: number) => index % labelEvery(days.length, look.width) === 0,
      },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitLine: { lineStyle: { color: look.line } },
      axisLabel: { color: look.ink, formatter: (value: number) => words.compact(value) },
    },
    series: [
      {
        type: 'bar',
        name: words.resource,
        data: days.map((day) => day[resource]),
        barMaxWidth: 34,
        itemStyle: { color: look.series, borderRadius: [4, 4, 0, 0] },
      },
    ],
  };
}

/** How far apart a date and its neighbour begin, at least: the longest with room around it. */
const LABEL_PX = 72;

/** Every how many-th day has its date under it, so that no two touch. */
export function labelEvery(days: number, width: number): number {
  return Math.max(1, Math.ceil((days * LABEL_PX) / Math.max(width, LABEL_PX)));
}

/** What the description says: the sum and the highest day. */
export function summarizeDays(
  days: readonly UsageDay[],
  resource: ResourceType,
): { total: number; most: number } {
  const counts = days.map((day) => day[resource]);
  return { total: counts.reduce((sum, count) => sum + count, 0), most: Math.max(0, ...counts) };
}
