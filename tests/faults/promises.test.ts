import { describe, expect, test } from 'vitest';
import type { Facts, Page } from './facts.ts';
import { brokenAnswers, brokenPromises } from './promises.ts';
import type { VerbName } from './verbs.ts';

const pro: Page = {
  status: 200,
  plan: 'pro',
  state: 'active',
  price: 'pro_month',
  endsOnDay: null,
  planned: null,
};
const free: Page = { ...pro, plan: 'free', state: 'canceled', price: null };
const monthly = Array.from({ length: 12 }, (_, n) => charge(30 + n * 30, 2900));
const done = { status: 200, text: '200 {}' };
const away = { status: 503, text: '503 {"error":"…; nothing was changed."}' };

function charge(day: number, amountMinor: number) {
  return { day, amountMinor, refundedMinor: 0 };
}

function facts(change: Partial<Facts> = {}): Facts {
  return {
    before: { ...pro, running: 1 },
    answer: done,
    again: null,
    preview: null,
    nextInvoiceOnDay: 30,
    settled: pro,
    mails: [],
    charges: monthly,
    running: 1,
    atStripe: { status: 'active', price: 'pro_month', endsOnDay: null },
    final: pro,
    runningFinally: 1,
    balanceMinor: 0,
    alerts: [],
    ...change,
  };
}

const ended = facts({
  settled: { ...pro, endsOnDay: 30 },
  atStripe: { status: 'active', price: 'pro_month', endsOnDay: 30 },
  charges: [],
  final: free,
  runningFinally: 0,
});
const shut: Page = { ...free, status: 401, plan: null, state: null };
const closed: Partial<Facts> = {
  settled: shut,
  final: shut,
  charges: [],
  running: 0,
  atStripe: null,
  runningFinally: 0,
};
const preview = { amountDueNowMinor: 7000, nextInvoice: { amountMinor: 9900, at: '' } } as never;

describe('what each promise catches', () => {
  test.each<[string, VerbName, Partial<Facts>, RegExp | null]>([
    ['all is well', 'sync', {}, null],
    ['a session that ran out', 'cancel', { answer: { status: 401, text: '' } }, /not let in/],
    ['a page that is closed', 'sync', { final: { ...pro, status: 401 } }, /page answers 401/],
    ['a page that is closed to who is deleted', 'delete tenant', closed, null],
    [
      'a plan lost by looking',
      'sync',
      { before: { ...pro, plan: 'team', running: 1 } },
      /nobody asked/,
    ],
    ['a 500', 'sync', { answer: { status: 500, text: '500' } }, /answered 500/],
    ['Stripe is away', 'cancel', { answer: away }, null],
    ['leaving refused', 'cancel', { answer: { status: 409, text: '409' } }, /cannot leave/],
    [
      'nothing to leave',
      'cancel',
      { answer: { status: 409, text: '' }, running: 0 },
      /the page says/,
    ],
    ['told cancelled, renews', 'cancel', {}, /the page says that it renews/],
    ['charged after the end', 'cancel', { ...ended, charges: monthly }, /ends on day 30, charged/],
    ['deleted and charged', 'delete tenant', {}, /ends on day 0, charged/],
    ['due now', 'upgrade', { preview, charges: [charge(0, 6000), charge(30, 9900)] }, /due now/],
    ['next', 'upgrade', { preview, charges: [charge(0, 7000), charge(30, 4950)] }, /next invoice/],
    [
      'next, a day on which nothing was announced',
      'upgrade',
      { preview, charges: [charge(0, 7000), charge(61, 9900)] },
      /next invoice/,
    ],
    [
      'next is paid by the balance',
      'upgrade',
      {
        preview: { ...(preview as object), nextInvoice: { amountMinor: 0, at: '' } } as never,
        charges: [charge(0, 7000), charge(61, 700)],
      },
      null,
    ],
    ['paid for nothing', 'checkout', { charges: [charge(0, 2900)], settled: free }, /plan is free/],
    ['paid for nothing all year', 'sync', { final: { ...pro, plan: 'free' } }, /the plan is free/],
    [
      'paid for what staff sold by hand, and staff were told',
      'sync',
      { final: { ...pro, plan: 'free' }, alerts: ['unknown_price'] },
      null,
    ],
    ['two run', 'checkout', { running: 2 }, /2 subscriptions run/],
    ['the page is behind', 'sync', { settled: { ...pro, endsOnDay: 30 } }, /the page ends on 30/],
    [
      'a mail is wrong',
      'cancel',
      { ...ended, settled: free, mails: ['cancellation: ends on day 5'], charges: monthly },
      /a mail says/,
    ],
  ])('%s', (_name, verb, change, expected) => {
    const broken = brokenPromises(verb, facts(change)).join('\n');
    if (expected === null) expect(broken).toBe('');
    else expect(broken).toMatch(expected);
  });
});

describe('an answer is held to the mirrors', () => {
  const undone = facts({ answer: null });
  test.each<[string, Facts, RegExp | null]>([
    ['done and told so', ended, null],
    ['told done, is undone', facts(), /answered as done, but/],
    ['told unchanged, is unchanged', facts({ answer: away }), null],
    ['told unchanged, is done', { ...ended, answer: away }, /"nothing was changed", but/],
    ['no answer, done', { ...ended, answer: null }, null],
    ['no answer, undone', facts({ answer: null }), null],
    ['no answer, half', { ...ended, answer: null, charges: monthly }, /neither done nor undone/],
    ['asked again, and done', { ...ended, answer: away, again: done }, null],
    ['asked again, told done, undone', facts({ answer: away, again: done }), /answered as done/],
  ])('%s', (_name, one, expected) => {
    const broken = brokenAnswers(one, ended, undone).join('\n');
    if (expected === null) expect(broken).toBe('');
    else expect(broken).toMatch(expected);
  });

  test.each<[number, RegExp | null]>([
    [404, null],
    [401, null],
    [200, /the page is shut false, not true/],
  ])('a deleted team is shut with 404, then with 401; its page answers %s', (status, expected) => {
    const broken = brokenAnswers(deletedWith(status), deletedWith(404), undone).join('\n');
    if (expected === null) expect(broken).toBe('');
    else expect(broken).toMatch(expected);
  });
});

function deletedWith(status: number): Facts {
  return facts({ ...closed, settled: { ...shut, status }, final: { ...shut, status } });
}
