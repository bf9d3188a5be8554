import { expect, test } from 'vitest';
import { median } from '../load.ts';

test.each([
  { values: [], is: 0 },
  { values: [3], is: 3 },
  { values: [1, 2], is: 1.5 },
  { values: [3, 1, 2], is: 2 },
  { values: [4, 1, 3, 2], is: 2.5 },
  { values: [7, 1, 6, 2, 5, 3, 4], is: 4 },
])('the median of $values is $is', ({ values, is }) => {
  expect(median(values)).toBe(is);
});
