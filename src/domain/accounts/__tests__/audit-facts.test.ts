import { describe, expect, test } from 'vitest';
import { changesOf } from '../audit-facts.ts';

describe('13 what the audit view says of an entry', () => {
  test.each([
    ['a role', { role: 'admin' }, { role: 'member' }, ['role admin→member']],
    ['who joined', null, { email: 'a@b.c', role: 'member' }, ['email →a@b.c', 'role →member']],
    [
      'a limit, and nothing of those that stayed',
      { messages: null, images: null },
      { messages: 1_500, images: null },
      ['messages null→1500'],
    ],
    [
      'overage switched on',
      { enabled: false, capMinor: null, currency: null, alerts: [50] },
      { enabled: true, capMinor: 5_000, currency: 'cny', minorPerCredit: '11', alerts: [50] },
      ['enabled false→true', 'capMinor null→5000 cny', 'minorPerCredit →11 cny'],
    ],
    [
      'a plan, and no ids of Stripe’s',
      { plan: 'pro', stripePriceId: 'price_1' },
      { plan: 'team', stripePriceId: 'price_2' },
      ['plan pro→team'],
    ],
    ['nothing', null, null, []],
    ['what is no object', 'x', [1], []],
    ['names that it does not know', { ref: 'x', others: 1 }, { kind: 'end' }, []],
  ])('%s', (_what, before, after, expected) => {
    const side = (value: unknown) => (value === undefined ? '' : String(value));
    const found = changesOf({ before, after }).map(
      ({ fact, kind, currency, ...sides }) =>
        `${fact} ${side(sides.before)}→${side(sides.after)}` +
        (kind === 'money' || kind === 'price' ? ` ${currency}` : ''),
    );
    expect(found).toEqual(expected);
  });
});
