import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planMoves } from '../plan-moves.ts';

const counts = (...tenants: number[]) => tenants.map((n, bucket) => ({ bucket, tenants: n }));

test.each([
  ['nothing to do', [3, 3], []],
  ['uneven by one is even', [4, 3, 3], []],
  ['a new bucket', [10, 0], [{ from: 0, to: 1, tenants: 5 }]],
  [
    'who has most keeps one more',
    [8, 0, 0],
    [
      { from: 0, to: 1, tenants: 3 },
      { from: 0, to: 2, tenants: 2 },
    ],
  ],
  ['nobody at all', [0, 0, 0], []],
])('11.2 %s', (_what, tenants, moves) => {
  expect(planMoves(counts(...tenants))).toEqual(moves);
});

test('11.2 after its moves no bucket has two more than another, and nobody is moved in vain', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 16 }), (tenants) => {
      const after = [...tenants];
      const moves = planMoves(counts(...tenants));
      for (const { from, to, tenants: moved } of moves) {
        after[from]! -= moved;
        after[to]! += moved;
      }
      expect(Math.max(...after) - Math.min(...after)).toBeLessThan(2);
      const share = tenants.reduce((sum, n) => sum + n, 0) / tenants.length;
      for (const { from, to } of moves) {
        expect(tenants[from]).toBeGreaterThan(share);
        expect(tenants[to]).toBeLessThan(share);
      }
    }),
  );
});
