import { expect, test } from 'vitest';
import { creditsDue, type PurchaseFacts, type RefundFacts } from '../purchase.ts';

const pack = { credits: 300, bonus: 30, takenBack: {} };
const facts = (more: Partial<PurchaseFacts>): PurchaseFacts => ({
  ...{ session: 'complete', payment: 'paid', chargedMinor: 3_000, paidAt: new Date(0) },
  ...{ refunds: [], dispute: null },
  ...more,
});
const refund = (amountMinor: number, micro: number | null = null): RefundFacts => ({
  ...{ id: `re_${amountMinor}`, amountMinor, micro, status: 'succeeded', createdAt: new Date(0) },
});
const lost = (amountMinor: number) => ({ id: 'dp_1', status: 'lost', amountMinor });

test.each<[string, RefundFacts[], number, number[]]>([
  ['nothing was refunded', [], 3_000, [330]],
  ['a part is disputed', [], 1_000, [110]],
  ['a part was refunded, the rest is disputed', [refund(1_000)], 2_000, [110, 220]],
  ['a part was refunded, all is disputed', [refund(1_000)], 3_000, [110, 220]],
  ['what was unused was given back, all is disputed', [refund(1_700, 200e6)], 3_000, [200, 130]],
  ['all was refunded before', [refund(3_000)], 3_000, [330, 0]],
])('12.39 a lost dispute takes no credit twice: %s', (_what, refunds, disputedMinor, credits) => {
  const { taken, frozen } = creditsDue(facts({ refunds, dispute: lost(disputedMinor) }), pack);
  expect(taken.map(({ micro }) => micro / 1e6)).toEqual(credits);
  expect(frozen).toBe(false);
});
