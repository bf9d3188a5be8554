import { expect, test } from 'vitest';
import { pageIn } from '../page.ts';
import { inSellersNames } from '../sellers-names.ts';
import { lineText } from './line-text.ts';

const rows: [written: string, chinese: string][] = [
  ['1 × Pro (at CN¥29.00 / month)', '1 × Pro（每月 ¥29.00）'],
  ['3 seat × Pro (at $25.00 / every 3 months)', '3 seat × Pro（每 3 个月 $25.00）'],
  ['3 × Pro (Tier 2 at $25.00 / year)', '3 × Pro（第 2 档，每年 $25.00）'],
  ['Unused time on Pro after 05 Jan 2031', 'Pro 自 2031年1月5日 起的未用时间'],
  ['Remaining time on 2 × Pro after 31 Dec 2030', '2 × Pro 自 2030年12月31日 起的剩余时间'],
  ['Trial period for Pro', 'Pro 试用期'],
  ['Free trial for 1 × Pro', '1 × Pro 试用期'],
  ['Somebody’s own words (at last)', 'Somebody’s own words (at last)'],
];

test.each(rows)('13.9 the line “%s” is Chinese on a Chinese invoice', (written, chinese) => {
  expect(lineText(pageIn('zh'), written)).toBe(chinese);
  expect(lineText(pageIn('en'), written)).toBe(written);
});

test('13.9 the seller has one name a language, and the longest is meant first', () => {
  const names = { Shop: '小店', 'Shop Pro': '小店专业版' };
  const text = 'Shop: 1 × Shop Pro';
  expect(inSellersNames(text, names, 'zh')).toBe('小店: 1 × 小店专业版');
  expect(inSellersNames(text, names, 'en')).toBe(text);
});
