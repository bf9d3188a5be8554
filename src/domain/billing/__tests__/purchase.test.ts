import fc from 'fast-check';
import { expect, test } from 'vitest';
import { creditsDue, returnableMinor, type PurchaseFacts, type RefundFacts } from '../purchase.ts';

const pack = { credits: 300, bonus: 30, takenBack: {} };
const facts = (more: Partial<PurchaseFacts>): PurchaseFacts => ({
  ...{
    session: 'complete',
    payment: 'paid',
    chargedMinor: 3_000,
    leftMinor: 0,
    paidAt: new Date(0),
  },
  ...{ refunds: [], dispute: null },
  ...more,
});
const refund = (amountMinor: number, micro: number | null = null): RefundFacts => ({
  ...{ id: `re_${amountMinor}`, amountMinor, micro, status: 'succeeded', createdAt: new Date(0) },
});
const lost = (amountMinor: number) => ({
  ...{ id: 'dp_1', status: 'lost', amountMinor, createdAt: new Date(0) },
});

test.each<[string, RefundFacts[], number, number[]]>([
  ['nothing was refunded', [], 3_000, [330]],
  ['a part is disputed', [], 1_000, [110]],
  ['a part was refunded, the rest is disputed', [refund(1_000)], 2_000, [110, 220]],
  ['a part was refunded, all is disputed', [refund(1_000)], 3_000, [110, 220]],
  ['what was unused was given back, all is disputed', [refund(1_700, 200e6)], 3_000, [200, 130]],
  ['all was refunded before', [refund(3_000)], 3_000, [330, 0]],
  [
    'what was unused was given back, half of the rest is disputed',
    [refund(1_700, 200e6)],
    650,
    [200, 65],
  ],
])('12.39 a lost dispute takes no credit twice: %s', (_what, refunds, disputedMinor, credits) => {
  const { taken, frozen } = creditsDue(facts({ refunds, dispute: lost(disputedMinor) }), pack);
  expect(taken.map(({ micro }) => micro / 1e6)).toEqual(credits);
  expect(frozen).toBe(false);
});

test.each([
  ['appeal_under_review', false, [110], []],
  ['won', false, [110], ['dp_1']],
  ['needs_response', true, [110], []],
])('12.39 of one that was lost, an appeal that is %s', (status, freezes, credits, back) => {
  const takenBack: Record<string, number> = freezes ? {} : { dp_1: 220e6 };
  const dispute = { ...lost(2_000), status };
  const due = creditsDue(facts({ refunds: [refund(1_000)], dispute }), { ...pack, takenBack });
  expect(due.taken.map(({ micro }) => micro / 1e6)).toEqual(credits);
  expect(due.returned.map(({ ref }) => ref)).toEqual(back);
  expect(due.frozen).toBe(freezes);
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
  ['what was unused, half of the rest', [refund(1_700, 200e6), refund(650)], [200, 65]],
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

const bought = (more: Partial<Parameters<typeof returnableMinor>[0]> = {}) => ({
  ...{ ...pack, amountMinor: 3_000, chargedMinor: 3_000, leftMinor: null },
  ...{ refundedMinor: 0, refundPendingMinor: 0, shortfallMicro: 0 },
  ...more,
});
const back = (minor: number, credits: number) => ({
  ...{ refundedMinor: minor, takenBack: { re_1: credits * 1e6 } },
});

test.each<[string, Parameters<typeof returnableMinor>[0], number, number]>([
  ['nothing was used', bought(), 330, 3_000],
  ['130 were used', bought(), 200, 1_700],
  ['the bonus alone is left', bought(), 30, 0],
  ['a third went back, nothing was used', bought(back(1_000, 110)), 220, 2_000],
  ['a third went back, 20 were used', bought(back(1_000, 110)), 200, 1_800],
  ['a third went back, 19.95 were used', bought(back(1_000, 110)), 200.05, 1_800],
  ['a third went back, the bonus alone is left', bought(back(1_000, 110)), 20, 0],
  [
    'a third is on its way back',
    bought({ ...back(0, 110), refundPendingMinor: 1_000 }),
    220,
    2_000,
  ],
  [
    'of what went back 10 had been used',
    bought({ ...back(1_000, 110), shortfallMicro: 10e6 }),
    0,
    0,
  ],
  ['a refund failed', bought(back(0, 0)), 330, 3_000],
  ['the balance paid a part', bought({ leftMinor: 1_000 }), 330, 1_000],
  ['and a part was used', bought({ leftMinor: 1_000 }), 80, 500],
  ['a code took a half', bought({ ...back(500, 110), chargedMinor: 1_500 }), 200, 900],
])('12.36 what the unused credits are worth when %s', (_what, purchase, credits, minor) => {
  expect(returnableMinor(purchase, credits * 1e6)).toBe(minor);
});

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('use', 'refund'),
    part: fc.integer({ min: 1, max: 1_000 }),
  }),
  { maxLength: 8 },
);

test('12.36 12.39 property: refunds in parts, what is unused, then a dispute: each credit once, the used ones at their price', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 1, max: 50_000 }),
      steps,
      (credits, bonus, chargedMinor, history) => {
        const whole = (credits + bonus) * 1e6;
        const refunds: RefundFacts[] = [];
        const takenBack: Record<string, number> = {};
        let [left, used, shortfallMicro, refundedMinor] = [whole, 0, 0, 0];
        const giveBack = (amountMinor: number, micro: number | null) => {
          const id = `re_${refunds.length}`;
          refunds.push({ ...refund(amountMinor, micro), id, createdAt: new Date(refunds.length) });
          const { taken } = creditsDue(facts({ chargedMinor, refunds }), {
            credits,
            bonus,
            takenBack,
          });
          // What was taken for those before stays as it was.
          const known = Object.entries(takenBack).map(([ref, one]) => ({ ref, micro: one }));
          expect(taken.slice(0, -1)).toEqual(known);
          const share = taken.at(-1)!.micro;
          takenBack[id] = share;
          const had = Math.min(share, left);
          left -= had;
          shortfallMicro += share - had;
          refundedMinor += amountMinor;
        };
        for (const { kind, part } of history) {
          if (kind === 'use') {
            const micro = Math.floor((left * part) / 2_000);
            left -= micro;
            used += micro;
          } else {
            const amount = Math.floor(((chargedMinor - refundedMinor) * part) / 1_500);
            if (amount > 0) giveBack(amount, null);
          }
        }
        const purchase = {
          credits,
          bonus,
          chargedMinor,
          amountMinor: chargedMinor,
          leftMinor: null,
        };
        const sums = { refundedMinor, refundPendingMinor: 0, takenBack, shortfallMicro };
        const minor = returnableMinor({ ...purchase, ...sums }, left);
        const cost = Number(
          (BigInt(chargedMinor) * BigInt(used) + BigInt(credits * 1e6) - 1n) /
            BigInt(credits * 1e6),
        );
        expect(minor).toBe(left === 0 ? 0 : Math.max(0, chargedMinor - refundedMinor - cost));
        if (minor > 0) giveBack(minor, left);
        const dispute = lost(chargedMinor);
        const { taken } = creditsDue(facts({ chargedMinor, refunds, dispute }), {
          ...{ credits, bonus, takenBack },
        });
        expect(taken.reduce((sum, { micro }) => sum + micro, 0)).toBeLessThanOrEqual(whole);
        if (refundedMinor < chargedMinor) {
          expect(taken.reduce((sum, { micro }) => sum + micro, 0)).toBe(whole);
        }
      },
    ),
  );
});
