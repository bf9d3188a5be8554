import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue } from './due-queue.ts';
import { Store } from './store.ts';

const entry = fc.record({
  objectId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  dueAt: fc.integer({ min: 0, max: 20 }),
  clock: fc.constantFrom(null, 'clock_1'),
});

test('work is taken by due time, then by when it was scheduled; scheduling again moves it', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      const store = new Store({}, true);
      const queue = new DueQueue(store);
      for (const [sequence, { objectId, dueAt, clock }] of entries.entries()) {
        const row = { id: `work:${objectId}`, kind: 'work', objectId, clock, dueAt, sequence };
        store.transaction(() => store.put('_due', row));
        queue.add(row);
      }
      for (const clock of [null, 'clock_1']) {
        const expected = [...store.oldestFirst('_due')]
          .filter((row) => row.clock === clock)
          .sort((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
        const taken = [];
        for (let row = queue.peek(clock); row !== undefined; row = queue.peek(clock)) {
          taken.push(row);
          store.transaction(() => store.remove('_due', row!.id));
        }
        expect(taken).toEqual(expected);
      }
    }),
  );
});
