import { expect, test } from 'vitest';
import type { Told } from '../told.ts';
import { USE_ACTS, type UseAct } from './acts.ts';
import { drawAct, ONLY_WHERE, type Now } from './possible.ts';

type Members = Told['members'];

const somebody = (left: boolean): Members => [{ id: 'a', email: 'a@b', mayBe: [null], left }];
const told = (members: Members): Now['told'] => ({
  ...{ members, credits: [], rules: [], caps: [] },
});
const NOTHING: Now = {
  ...{ plan: 'free', canPay: false, canHold: false, canRelease: false, canWriteOff: false },
  ...{ owes: false, hasOpenPack: false, hasPack: false, isAtTheBank: false, isAsked: false },
  ...{ topsUp: false, told: told([]) },
};
const parts = (count: number) => Array.from({ length: count }, (_, n) => n / count);

/** Everything that may be drawn. */
function drawn(now: Now, seldom: number): Set<UseAct> {
  return new Set(
    parts(10).flatMap((group) => parts(100).map((act) => drawAct({ seldom, group, act }, now))),
  );
}

test('where nothing seldom is possible, all else is drawn and nothing seldom', () => {
  const all = USE_ACTS.flat().filter((one) => ONLY_WHERE[one] === undefined);
  for (const seldom of [0, 0.9])
    expect([...drawn(NOTHING, seldom)].toSorted()).toEqual(all.toSorted());
});

const IN_TEAM = Object.keys(ONLY_WHERE).filter((one) => /a member/.test(one));

test.each<[string, Partial<Now>, string[]]>([
  ['a bill is held', { canRelease: true }, ['staff release the bill']],
  ['a bill is made', { canHold: true }, ['staff hold what is billed next']],
  ['something is owed', { owes: true }, ['staff hold what is billed next']],
  [
    'a bill waits',
    { canPay: true, canWriteOff: true },
    ['pay what is open', 'staff write the bill off'],
  ],
  ['a pack is open', { hasOpenPack: true }, ['give the open pack up']],
  ['a team has room', { plan: 'team' }, ['let somebody in']],
  ['somebody is in the team', { told: told(somebody(false)) }, IN_TEAM],
  ['somebody is gone', { told: told(somebody(true)) }, ['work of who is gone goes on']],
])('where %s, every other draw is of that', (_what, change, expected) => {
  const now = { ...NOTHING, ...change };
  expect([...drawn(now, 0.2)].toSorted()).toEqual(expected.toSorted());
  expect(drawn(now, 0.7).size).toBeGreaterThan(expected.length);
});
