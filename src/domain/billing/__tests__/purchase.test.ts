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

test.each<[string, RefundFacts[], number[]]>([
  ['parts by staff', [refund(1_000), refund(500), refund(1_500)], [110, 55, 165]],
  ['parts that do not come out even', [refund(1), refund(2), refund(4)], [0.11, 0.22, 0.44]],
  ['what was unused, the rest by staff', [refund(1_700, 200e6), refund(1_300)], [200, 130]],
  [
    'a part, what was unused, the rest',
    [refund(300), refund(1_400, 170e6), refund(1_300)],
    [33, 170, 127],
  ],
])(
  '12.36 refunds take no more than there was, in whatever parts: %s',
  (_what, refunds, credits) => {
    const { taken } = creditsDue(facts({ refunds: inTurn(refunds) }), pack);
    expect(taken.map(({ micro }) => micro / 1e6)).toEqual(credits);
  },
);

/** One a second. */
const inTurn = (refunds: RefundFacts[]) =>
  refunds.map((one, n) => ({ ...one, createdAt: new Date(n * 1_000) }));
