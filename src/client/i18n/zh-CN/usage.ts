import type { Messages } from '../en/index.ts';

const usage: Messages['usage'] = {
  title: '本月用量',
  growing:
    '你的方案在周期中开始，因此本月按比例提供额度：{count} / {whole} 条消息。{date} 起为全部额度。',
  resets: '{date} 重置',
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
  range: { label: '时段', days: '{count} 天 | {count} 天', month: '某个月' },
  month: '月份',
  ledger: {
    title: '每一条记录（明细账）',
    text: '按原始记录导出，供核对：时间、标识和更正。',
    month: '明细账月份',
    csv: '下载明细账（CSV）',
  },
  resource: '显示内容',
  view: { label: '显示方式', chart: '图表', table: '表格' },
  csv: '下载 CSV',
  day: '日期',
  caption: '{count} 天的每日用量（UTC）',
  chartLabel: '{count} 天每日{resource}。合计 {total}，单日最多 {most}。',
  empty: '这段时间没有用量。',
};
export default usage;
