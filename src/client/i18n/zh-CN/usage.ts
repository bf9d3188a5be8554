import type { Messages } from '../en/index.ts';

const usage: Messages['usage'] = {
  title: '本月用量',
  growing:
    '你的方案在周期中开始，因此本月按比例提供额度：{count} / {whole} 条消息。{date} 起为全部额度。',
  resets: '{date} 重新计算',
  updated: '更新于 {time}',
  of: '{used} / {limit}',
  usedOnly: '已用 {used}',
  remaining: '还剩 {count}',
  held: '进行中 {count}',
  percent: '已用 {percent}',
  notIncluded: '你的方案不含此项',
  unlimited: '不限量',
  aria: '{resource}：已用 {used}，共 {limit}，{percent}',
  warning: '{resources}：本月额度已用超过 {percent}。',
  exceeded: '{resources}：本月额度已用完。',
  history: '每日用量',
  range: { label: '时段', days: '{count} 天 | {count} 天' },
  resource: '显示内容',
  view: { label: '显示方式', chart: '图表', table: '表格' },
  csv: '下载 CSV',
  day: '日期',
  caption: '最近 {count} 天的每日用量（UTC）',
  chartLabel: '最近 {count} 天每日{resource}。合计 {total}，单日最多 {most}。',
  empty: '这段时间没有用量。',
};
export default usage;
