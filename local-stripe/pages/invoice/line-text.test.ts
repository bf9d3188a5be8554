import { expect, test } from 'vitest';
import { pageIn } from '../page.ts';
import { inSellersNames } from '../sellers-names.ts';
import { lineText } from './line-text.ts';

const rows: [written: string, chinese: string][] = [
  ['1 × Pro (at CN¥29.00 / month)', '1 × Pro（每月 ¥29.00）'],
  ['3 seat × Pro (at $25.00 / every 3 months)', '3 seat × Pro（每 3 个月 $25.00）'],
  ['3 × Pro (Tier 2 at $25.00 / year)', '3 × Pro（第 2 档，每年 $25.00）'],
  ['Unused time on Pro after 05 Jan 2031', 'Pro 自 2031年1月5日起的未用时间'],
  ['Remaining time on 2 × Pro after 31 Dec 2030', '2 × Pro 自 2030年12月31日起的剩余时间'],
  ['Trial period for Pro', 'Pro 试用期'],
  ['Free trial for 1 × Pro', '1 × Pro 试用期'],
  ['Somebody’s own words (at last)', 'Somebody’s own words (at last)'],
];

test.each(rows)('13.9 the line “%s” is Chinese on a Chinese invoice', (written, chinese) => {
  expect(lineText(pageIn('zh'), written)).toBe(chinese);
  expect(lineText(pageIn('en'), written)).toBe(written);
});

const names = { Shop: '小店', 'Shop Pro': '小店专业版', Plus: 'Plus 版', Bar: '酒吧' };
const sentences: [written: string, chinese: string][] = [
  ['Shop: 1 × Shop Pro', '小店: 1 × 小店专业版'],
  ['<a href="/">返回 Shop</a>', '<a href="/">返回小店</a>'],
  ['你授权 Shop 按每月 ¥29.00 扣款', '你授权小店按每月 ¥29.00 扣款'],
  ['从 Shop Pro 变更为 Plus', '从小店专业版变更为 Plus 版'],
  ['Shop Pro 自 2031年1月5日起的未用时间', '小店专业版自 2031年1月5日起的未用时间'],
  ['Pay Shop Pro now', 'Pay 小店专业版 now'],
  ['向 Shop Bar 付款', '向小店酒吧付款'],
];

test.each(sentences)(
  '13.9 the seller has one name a language, set as Chinese is: “%s”',
  (written, chinese) => {
    expect(inSellersNames(written, names, 'zh')).toBe(chinese);
    expect(inSellersNames(written, names, 'en')).toBe(written);
  },
);

test('13.9 no Chinese sentence has a space where a date or a Chinese name stands in it', () => {
  const chinese = /[\p{Script=Han}，。、；：！？（）“”…]/u.source;
  const stray = new RegExp(`${chinese} ${chinese}`, 'u');
  const said = sentencesOf(pageIn('zh').words, '2031年1月5日');
  expect(said.length).toBeGreaterThan(60);
  expect(said.filter((sentence) => stray.test(sentence))).toEqual([]);
});

/** What every sentence with a hole says, each hole filled with `value`. */
function sentencesOf(words: object, value: string): string[] {
  return Object.values(words).flatMap((word: unknown) => {
    if (typeof word === 'function') return String(word(value, value, value));
    return typeof word === 'object' && word !== null ? sentencesOf(word, value) : [];
  });
}
