import { expect, test } from 'vitest';
import type { PaymentView, SubscriptionView } from '../../../domain/api.ts';
import { judgeCheckout, type CheckoutKnown } from '../checkout-outcome.ts';
import { FREE, payment, PRO } from './samples.ts';

const failed = (code: string) => payment({ status: 'open', failure: { code, message: '' } });
const PAY_URL = 'https://pay.example/i/1';
const pastDue: SubscriptionView = { ...FREE, status: 'past_due', priceId: 'pro_month' };

const rows: [string, SubscriptionView, PaymentView[], object][] = [
  ['nothing heard yet', FREE, [], { kind: 'waiting' }],
  ['confirmed', PRO, [payment({})], { kind: 'active' }],
  ['on trial', { ...PRO, status: 'trialing' }, [], { kind: 'active' }],
  [
    'the bank wants a confirmation',
    pastDue,
    [failed('authentication_required')],
    { kind: 'authenticate', payUrl: PAY_URL },
  ],
  ['declined', pastDue, [failed('card_declined')], { kind: 'failed', payUrl: PAY_URL }],
  ['under way at the bank', pastDue, [payment({ status: 'open' })], { kind: 'processing' }],
  [
    'a failed invoice of an earlier try that was voided',
    FREE,
    [payment({ status: 'void', failure: { code: 'card_declined', message: '' } })],
    { kind: 'waiting' },
  ],
  [
    'a trial that the card had before',
    { ...FREE, status: 'canceled', endReason: 'trial_used' },
    [],
    { kind: 'trialUsed' },
  ],
  ['an old invoice was paid, the new one is not known', FREE, [payment({})], { kind: 'waiting' }],
];

test.each(rows)('%s', (_case, subscription, payments, expected) => {
  expect(judgeCheckout({ subscription }, payments, 'unknown')).toEqual(expected);
});

const known: [CheckoutKnown, SubscriptionView, string][] = [
  ['not_ours', PRO, 'notOurs'],
  ['not_ours', FREE, 'notOurs'],
  ['open', PRO, 'unpaid'],
  ['open', FREE, 'unpaid'],
  ['expired', PRO, 'expired'],
  ['processing', FREE, 'processing'],
  ['paid', FREE, 'paid'],
  ['paid', PRO, 'active'],
  ['unknown', FREE, 'waiting'],
];

test.each(known)(
  '13.6 of a checkout that is %s nothing is said but what is known',
  (state, subscription, kind) => {
    expect(judgeCheckout({ subscription }, [], state)).toEqual({ kind });
  },
);
