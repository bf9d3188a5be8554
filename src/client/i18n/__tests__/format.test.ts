import { describe, expect, test } from 'vitest';
import { createFormats, fillChinese } from '../format.ts';
import type { Values } from '../keys.ts';
import { chooseLanguage } from '../languages.ts';

const en = createFormats('en');
const zh = createFormats('zh-CN');

describe('figures follow the language', () => {
  test.each([
    ['money', en.money({ amountMinor: 2900, currency: 'cny' }), 'CN¥29'],
    ['money', zh.money({ amountMinor: 2900, currency: 'cny' }), '¥29'],
    ['money without minor units', en.money({ amountMinor: 2900, currency: 'jpy' }), '¥2,900'],
    ['a currency’s name', en.currencyName('cny'), 'Chinese Yuan'],
    ['a currency’s name', zh.currencyName('cny'), '人民币'],
    ['a currency’s name', zh.currencyName('usd'), '美元'],
    ['compact', en.compact(1_000_000), '1M'],
    ['compact', zh.compact(1_000_000), '100万'],
    ['percent above the limit', en.percent(102), '102%'],
    ['nothing is used', en.percentOf(0, 100), '0%'],
    ['something is used', en.percentOf(1, 50_000), '<1%'],
    ['something is used', zh.percentOf(1, 50_000), '<1%'],
    ['a percent is used', en.percentOf(2, 200), '1%'],
    ['not all is used', zh.percentOf(999, 1_000), '99%'],
    ['more than all is used', en.percentOf(102, 100), '102%'],
    ['more was taken off than was used', en.percentOf(-1, 100), '-1%'],
    ['there is no quota', en.percentOf(0, 0), '100%'],
    ['quota reset', en.instantUtc('2026-12-01T00:00:00Z'), 'December 1, 2026 at 00:00 UTC'],
    ['quota reset', zh.instantUtc('2026-12-01T00:00:00Z'), '2026年12月1日 UTC 00:00'],
    ['day of the axis', en.day('2026-11-01'), 'Nov 1'],
    ['day of the axis', zh.day('2026-11-01'), '11月1日'],
    ['card expiry', en.cardExpiry(8, 2030), '08/2030'],
    ['13.10 a round figure', zh.round(1_000_000), '100 万'],
    ['13.10 a round figure', zh.round(12_500), '12,500'],
    ['13.10 a round figure', en.round(1_000_000), '1,000,000'],
    ['13.10 a day soon', zh.soon('2031-01-26T12:00:00Z', new Date('2031-01-02')), '1月26日'],
    ['13.10 a day far', zh.soon('2032-01-26T12:00:00Z', new Date('2031-01-02')), '2032年1月26日'],
    ['month', zh.month('2031-01'), '2031年1月'],
    ['list', en.list(['Images', 'Messages']), 'Images and Messages'],
    ['list', zh.list(['图片', '消息']), '图片和消息'],
    ['list of figures', zh.list(['图片 9', 'API 调用 3']), '图片 9 和 API 调用 3'],
    ['list of three', zh.list(['图片 9', '消息 1', '角色']), '图片 9、消息 1 和角色'],
    ['list of names', zh.list(['Mei', '阿福']), 'Mei 和阿福'],
    ['sentences', en.sentences('It renews.', '', 'You can cancel.'), 'It renews. You can cancel.'],
    ['sentences', zh.sentences('自动续订。', '可以取消。'), '自动续订。可以取消。'],
  ])('%s: %s', (_what, shown, expected) => {
    expect(shown).toBe(expected);
  });
});

describe('a Chinese message closes up beside what is Chinese in its holes', () => {
  test.each([
    ['{date} 续订', { date: '1月26日' }, '1月26日续订'],
    [
      '将于 {date} 重置。',
      { date: '2026年12月1日 UTC 00:00' },
      '将于 2026年12月1日 UTC 00:00 重置。',
    ],
    ['每月不超过 {cap}，', { cap: '上述上限' }, '每月不超过上述上限，'],
    ['每月不超过 {cap}，', { cap: '¥50' }, '每月不超过 ¥50，'],
    ['给 {name} 的邀请', { name: 'mei@example.com' }, '给 mei@example.com 的邀请'],
    ['{name} 的角色', { name: '张 三' }, '张 三的角色'],
    ['还剩 {count} 条消息', { count: 3 }, '还剩 3 条消息'],
  ])('%s with %j: %s', (message, values, shown) => {
    const fill = (filled: Values) =>
      message.replace(/\{(\w+)\}/g, (_, name: string) => String(filled[name]));
    expect(fillChinese(values, fill)).toBe(shown);
  });
});

test.each([
  ['zh-CN', ['en-US'], 'zh-CN'],
  ['en', ['zh-CN'], 'en'],
  [null, ['zh-TW', 'en'], 'zh-CN'],
  [null, ['de', 'zh-CN', 'en'], 'zh-CN'],
  [null, ['de-DE', 'en-GB'], 'en'],
  [null, ['fr'], 'en'],
  ['klingon', [], 'en'],
] as const)('stored %s and preferring %j, the page speaks %s', (stored, preferred, expected) => {
  expect(chooseLanguage(stored, preferred)).toBe(expected);
});
