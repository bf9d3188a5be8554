import { describe, expect, test } from 'vitest';
import type { UsageDay } from '../../../domain/api.ts';
import { describeUsage } from '../../../domain/quota.ts';
import { dailyChartOption, summarizeDays, labelEvery } from '../daily-chart.ts';
import { failureWord, invoiceStatus, reasonWord } from '../invoice-status.ts';
import { barPercent, usageNotice } from '../usage-notice.ts';
import { payment } from './samples.ts';

const tokens = (used: number) => describeUsage('llm_tokens', used, 0, 100);
const messages = (used: number) => describeUsage('messages', used, 0, 100);

describe('the notice above the bars', () => {
  test.each([
    ['all is well', [tokens(10), messages(79)], null],
    ['nearly used', [tokens(80), messages(10)], { level: 'warning', resources: ['llm_tokens'] }],
    [
      'used up outranks nearly used',
      [tokens(80), messages(100)],
      { level: 'exceeded', resources: ['messages'] },
    ],
    [
      'both named',
      [tokens(120), messages(100)],
      { level: 'exceeded', resources: ['llm_tokens', 'messages'] },
    ],
    ['not included is no notice', [describeUsage('api_calls', 0, 0, 0)], null],
  ])('%s', (_case, resources, expected) => {
    expect(usageNotice(resources)).toEqual(expected);
  });

  test('a bar ends at 100, its figure does not', () => {
    expect(tokens(130).percent).toBe(130);
    expect(barPercent(tokens(130))).toBe(100);
  });
});

describe('the daily chart', () => {
  const days: UsageDay[] = [
    { date: '2026-11-01', llm_tokens: 900, messages: 3, images: 0, api_calls: 0 },
    { date: '2026-11-02', llm_tokens: 100, messages: 5, images: 1, api_calls: 0 },
  ];

  test('shows one resource and never adds units of several', () => {
    const option = dailyChartOption(
      days,
      'messages',
      { resource: 'Messages', description: 'd', day: (d) => d, number: String, compact: String },
      {
        series: '#123456',
        ink: '#000',
        line: '#ccc',
        surface: '#fff',
        isStill: true,
        font: 'sans-serif',
        width: 600,
      },
    );
    expect(option.series).toMatchObject([{ data: [3, 5] }]);
    expect(option.aria).toMatchObject({
      enabled: true,
      decal: { show: true },
      label: { description: 'd' },
    });
  });

  test('says the sum and the highest day', () => {
    expect(summarizeDays(days, 'messages')).toEqual({ total: 8, most: 5 });
    expect(summarizeDays([], 'messages')).toEqual({ total: 0, most: 0 });
  });
});

describe('an invoice', () => {
  test.each([
    ['paid', payment({}), 'paid'],
    ['refunded in part', payment({ amountRefundedMinor: 1_000 }), 'partly_refunded'],
    ['refunded', payment({ amountRefundedMinor: 2_900 }), 'refunded'],
    ['open', payment({ status: 'open', amountPaidMinor: 0 }), 'open'],
    [
      'failed',
      payment({ status: 'open', failure: { code: 'card_declined', message: '' } }),
      'failed',
    ],
    [
      'void after a failure',
      payment({ status: 'void', failure: { code: 'card_declined', message: '' } }),
      'void',
    ],
  ])('%s', (_case, row, expected) => {
    expect(invoiceStatus(row)).toBe(expected);
  });

  test('has words for what Stripe may add later', () => {
    expect(reasonWord(payment({ reason: 'subscription_cycle' }))).toBe('subscription_cycle');
    expect(reasonWord(payment({ reason: 'quote_accept' }))).toBe('other');
    expect(reasonWord(payment({ about: 'statement', reason: 'manual' }))).toBe('statement');
    expect(failureWord('do_not_honor')).toBe('other');
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
