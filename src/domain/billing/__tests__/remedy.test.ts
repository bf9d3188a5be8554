import { describe, expect, test } from 'vitest';
import { duplicatesToEnd, type DuplicateCandidate } from '../duplicates.ts';
import { isLatePayment, leftToGiveBack } from '../remedy.ts';

const at = (day: number) => new Date(Date.UTC(2027, 0, day));
const sub = (
  name: string,
  stripeStatus: string,
  day: number,
  plan: DuplicateCandidate['plan'] = 'pro',
) => ({
  name,
  stripeStatus,
  plan,
  stripeCreatedAt: at(day),
  createdAt: at(20),
  stripeSubscriptionId: `sub_${name}`,
});
/** The same, first seen on that day. */
const seenOn = (day: number, one: ReturnType<typeof sub>) => ({ ...one, createdAt: at(day) });

describe('9.13 of two live subscriptions one is ended', () => {
  test.each([
    ['one alone stays', [sub('a', 'active', 1)], []],
    ['of two that are paid up the newer', [sub('a', 'active', 1), sub('b', 'active', 2)], ['b']],
    ['a trial is paid up', [sub('a', 'active', 2), sub('b', 'trialing', 1)], ['a']],
    [
      'what is owed before what is paid up',
      [sub('a', 'past_due', 1), sub('b', 'active', 2)],
      ['a'],
    ],
    [
      'an unbegun one before an owed one',
      [sub('a', 'incomplete', 2), sub('b', 'past_due', 1)],
      ['a'],
    ],
    ['of two that are owed the older', [sub('a', 'unpaid', 1), sub('b', 'past_due', 2)], ['a']],
    ['ended ones are nobody’s rival', [sub('a', 'canceled', 1), sub('b', 'active', 2)], []],
    [
      'nor what carries no plan of ours',
      [sub('a', 'active', 1), sub('b', 'active', 2, 'free')],
      [],
    ],
    ['an unknown status is left to a person', [sub('a', 'active', 1), sub('b', 'dozing', 2)], []],
    [
      'of one second’s, the one that we saw later',
      [seenOn(4, sub('a', 'active', 1)), seenOn(3, sub('b', 'active', 1))],
      ['a'],
    ],
    [
      'of one second’s that we saw together, always the same',
      [sub('a', 'active', 1), sub('b', 'active', 1)],
      ['b'],
    ],
    [
      'of three, two',
      [sub('a', 'active', 1), sub('b', 'active', 3), sub('c', 'past_due', 2)],
      ['b', 'c'],
    ],
  ])('%s', (_, all, ended) => {
    expect(duplicatesToEnd(all).map((one) => one.name)).toEqual(ended);
    expect(duplicatesToEnd(all.toReversed()).map((one) => one.name)).toEqual(ended);
  });
});

describe('9.7 money comes too late', () => {
  const paid = { status: 'paid', amountPaidMinor: 2900, createdAt: at(1), paidAt: at(20) };
  test.each([
    ['paid after the end', paid, at(15), true],
    ['paid before the end', paid, at(25), false],
    ['paid in the second of the end', paid, at(20), false],
    ['not over', paid, null, false],
    ['not paid', { ...paid, status: 'open', amountPaidMinor: 0, paidAt: null }, at(15), false],
    ['paid with nothing', { ...paid, amountPaidMinor: 0 }, at(15), false],
    ['a last bill, made at the end', { ...paid, createdAt: at(15) }, at(15), false],
  ])('%s', (_, invoice, endedAt, late) => {
    expect(isLatePayment(invoice, endedAt)).toBe(late);
  });
});

describe('what of an invoice of 2,900 may still go back as money', () => {
  const charge = (amountMinor: number, amountRefundedMinor = 0, isQuestioned = false) => ({
    ...{ amountMinor, amountRefundedMinor, isQuestioned },
  });
  test.each<[string, ReturnType<typeof charge>[], number[], number]>([
    ['all of it', [charge(2900)], [], 2900],
    ['nothing, for nothing was charged', [], [], 0],
    ['what was not refunded', [charge(2900, 900)], [], 2000],
    ['what was not credited', [charge(2900)], [900], 2000],
    ['what was neither', [charge(2900, 900)], [600, 400], 1000],
    ['nothing of what was credited wholly', [charge(2900)], [2900], 0],
    ['what was charged, part of it having been credited before', [charge(2000)], [900], 2000],
    ['what the balance left to the card', [charge(2000)], [], 2000],
    ['no more, though the credit is of what the balance paid', [charge(2000)], [500], 2000],
    ['less, where it is of both', [charge(2000)], [1400], 1500],
    ['nothing of what was refunded beside a note', [charge(2900, 2000)], [2900], 0],
    ['nothing while the bank is asked', [charge(2900, 0, true)], [], 0],
    ['of two charges what is left', [charge(900, 900), charge(2000)], [500], 1500],
    [
      'of two charges the one that is not questioned',
      [charge(900, 0, true), charge(2000)],
      [],
      2000,
    ],
    ['never more than the total, though old debts were charged too', [charge(3400)], [], 2900],
  ])('%s', (_, charges, notes, left) => {
    const facts = { charges, notes: notes.map((otherwiseMinor) => ({ otherwiseMinor })) };
    expect(leftToGiveBack({ totalMinor: 2900, ...facts })).toBe(left);
  });
});
