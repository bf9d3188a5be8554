import { expect, test } from 'vitest';
import { makeRound, describeHistory } from './history.ts';

test('equal seeds make equal rounds, others make others', () => {
  expect(makeRound(7, 5)).toEqual(makeRound(7, 5));
  expect(makeRound(8, 5)).not.toEqual(makeRound(7, 5));
});

test('a history is told a line a stretch, with all that it takes to play it', () => {
  const calm = { deliveryFaults: { duplicate: 0, shuffle: 0, drop: 0 }, kills: null, days: 0 };
  const stormy = { deliveryFaults: { duplicate: 0, shuffle: 1, drop: 0.5 }, kills: 1, days: 12 };
  const fault = { call: 3, fault: 'answer lost' as const };
  const asks = { kind: 'ask', verb: 'upgrade', twice: true, process: 1, fault } as const;
  const told = describeHistory(
    [calm, stormy],
    [[{ kind: 'staff', action: 'give credit' }], [asks]],
  );
  expect(told).toBe(
    '  1. staff: give credit (calm)\n' +
      '  2. upgrade [twice at once, call 3 answer lost, process 1] ' +
      '(events: shuffle 1, drop 0.5; process 1 killed; then 12 days)',
  );
});
