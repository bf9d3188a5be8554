import { describe, expect, test } from 'vitest';
import { describeUsage } from '../../../domain/quota.ts';
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

describe('an invoice', () => {
  test.each([
    ['paid', payment({}), 'paid'],
    ['refunded in part', payment({ amountRefundedMinor: 1_000 }), 'partly_refunded'],
    ['refunded', payment({ amountRefundedMinor: 2_900 }), 'refunded'],
    [
      'refunded, but for what the balance paid',
      payment({ fromBalanceMinor: 900, amountRefundedMinor: 2_900 }),
      'partly_refunded',
    ],
    [
      'credited in part, and paid from the balance',
      payment({ fromBalanceMinor: 2_900, amountPaidMinor: 0, amountRefundedMinor: 100 }),
      'partly_refunded',
    ],
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
    expect(failureWord('do_not_honor')).toBe('card_declined');
    expect(failureWord('generic_decline')).toBe('card_declined');
    expect(failureWord('processing_error')).toBe('other');
  });
});
