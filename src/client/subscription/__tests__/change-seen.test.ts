import { expect, test } from 'vitest';
import type { SubscriptionView } from '../../../domain/api.ts';
import { changeSeen, isCancelSeen, isResumeSeen } from '../change-seen.ts';
import { FREE, PRO } from './samples.ts';

const AT = '2031-02-01T00:00:00.000Z';
const scheduledChange = { plan: 'pro', priceId: 'wanted', effectiveAt: AT } as const;
const pending = { plan: 'team', priceId: 'wanted', expiresAt: AT, payUrl: 'https://pay' } as const;

const rows: [string, SubscriptionView | undefined, object | null][] = [
  ['made', { ...PRO, priceId: 'wanted' }, { success: true, effective: 'now' }],
  ['planned', { ...PRO, scheduledChange }, { effective: 'period_end', effectiveAt: AT }],
  ['waiting', { ...PRO, pendingChange: pending }, { success: false, paymentUrl: 'https://pay' }],
  ['waiting for another’s payment', { ...PRO, pendingChange: { ...pending, payUrl: null } }, null],
  ['not made', PRO, null],
  ['not known', undefined, null],
];

test.each(rows)('13.1 a change whose answer was lost is %s', (_case, subscription, expected) => {
  const seen = changeSeen(subscription, 'wanted');
  if (expected === null) expect(seen).toBeNull();
  else expect(seen).toMatchObject(expected);
});

test('13.1 a cancellation and a resumption show when they were made, and not before', () => {
  const ending = { ...PRO, cancelAtPeriodEnd: true };
  expect([PRO, ending, FREE, undefined].map(isCancelSeen)).toEqual([false, true, true, false]);
  const planned = { ...PRO, scheduledChange };
  expect([PRO, ending, planned, FREE].map(isResumeSeen)).toEqual([true, false, false, false]);
});
