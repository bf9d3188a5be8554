import { expect, test } from 'vitest';
import { allowanceIn, limitWith } from '../allowance.ts';

test.each([
  ['nothing was changed', 100, 0, 0, 100],
  ['some is given', 100, 500, 500, 600],
  ['some is taken', 100, -30, -30, 70],
  ['all is taken', 100, -100, -100, 0],
  ['more is taken than there is', 100, -130, -100, 0],
  ['unlimited stays unlimited', null, 500, 0, null],
  ['unlimited is not limited by what is taken', null, -500, 0, null],
  ['what the plan does not include is not given', 0, 500, 0, 0],
  ['and cannot be taken', 0, -500, 0, 0],
])('a month’s limit: %s', (_what, limit, units, allowance, after) => {
  expect(allowanceIn(limit, units)).toBe(allowance);
  expect(limitWith(limit, units)).toBe(after);
});
