import { expect, test } from 'vitest';
import { Effects, EVERYTHING } from './effects.ts';
import { highestOf, wronglyRefused } from './limits.ts';

test.each([
  [[null], null],
  [[10], 10],
  [[10, 60], 60],
  [[10, null], null],
])('of the limits %j that may be in force the highest is %j', (mayBe, highest) => {
  expect(highestOf({ mayBe })).toBe(highest);
});

const at = (used: number, limit: number | null, held?: number) => ({
  ...{ used, limit, ...(held === undefined ? {} : { held }) },
});

test.each([
  ['what it leaves no room for', [10], 4, at(8, 10), []],
  ['what is held keeps the room', [10], 4, at(4, 10, 4), []],
  ['room for it', [10], 4, at(6, 10), ['a member was refused 4 pictures with 6 of 10 taken']],
  ['another limit', [10], 4, at(60, 60), ['a member was held to 60, where the limit is 10']],
  ['no limit', [null], 4, at(9, 10), ['a member was held to 10, where the limit is none']],
])('refused by a limit: %s', (_what, mayBe, asked, answer, broken) => {
  expect(wronglyRefused({ mayBe }, asked, answer)).toEqual(broken);
});

test('what never took effect is told', () => {
  const effects = new Effects();
  effects.add(EVERYTHING.slice(1));
  effects.add(EVERYTHING.slice(1, 2));
  expect(effects.never).toEqual(EVERYTHING.slice(0, 1));
  expect(effects.table.split('\n').slice(0, 2)).toEqual([
    `0  ${EVERYTHING[0]}`,
    `2  ${EVERYTHING[1]}`,
  ]);
});
