import { describe, expect, test } from 'vitest';
import { duplicatesToEnd, type DuplicateCandidate } from '../duplicates.ts';
import { isLatePayment } from '../remedy.ts';

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
