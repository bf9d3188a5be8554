import fc from 'fast-check';
import { expect, test } from 'vitest';
import type Stripe from 'stripe';
import { Store } from './store.ts';

type Row = { id: string; name: string };

const customer = (id: string, name: string) => ({ id, name }) as unknown as Stripe.Customer;
const byName = (row: unknown) => (row as Row).name;
const newStore = () => new Store({ customer: { name: byName } }, true);

const operation = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  name: fc.constantFrom('x', 'y', 'z', null),
});
type Operation = { id: string; name: string | null };
/** Operations in transactions, some of them within others, some of them undone. */
const plan = fc.array(
  fc.record({
    before: fc.array(operation, { maxLength: 6 }),
    inner: fc.array(operation, { maxLength: 6 }),
    undoesInner: fc.boolean(),
    undoesAll: fc.boolean(),
  }),
  { maxLength: 8 },
);

test('what a transaction did is there, or nothing of it: objects, order and indexes', () => {
  fc.assert(
    fc.property(plan, (transactions) => {
      const store = newStore();
      let model: Row[] = [];
      for (const { before, inner, undoesInner, undoesAll } of transactions) {
        const first = before.reduce(applied, model);
        const second = inner.reduce(applied, first);
        attempt(undoesAll, () => {
          store.transaction(() => {
            for (const one of before) apply(store, one);
            attempt(undoesInner, () => {
              store.transaction(() => {
                for (const one of inner) apply(store, one);
                if (undoesInner) throw new Error('undo');
              });
            });
            if (undoesAll) throw new Error('undo');
          });
        });
        if (!undoesAll) model = undoesInner ? first : second;
        expectSame(store, model);
      }
    }),
  );
});

function attempt(throws: boolean, work: () => void): void {
  if (throws) expect(work).toThrow('undo');
  else work();
}

function apply(store: Store, { id, name }: Operation): void {
  if (name === null) store.remove('customer', id);
  else store.put('customer', customer(id, name));
}

function applied(rows: Row[], { id, name }: Operation): Row[] {
  const others = rows.filter((row) => row.id !== id);
  if (name === null) return others;
  const row = { id, name };
  return others.length === rows.length
    ? [...rows, row]
    : rows.map((one) => (one.id === id ? row : one));
}

function expectSame(store: Store, rows: Row[]): void {
  expect([...store.oldestFirst('customer')]).toEqual(rows);
  expect([...store.newestFirst('customer')]).toEqual(rows.toReversed());
  for (const name of ['x', 'y', 'z']) {
    const expected = rows.filter((row) => row.name === name);
    expect(store.by('customer', 'name', name)).toEqual(expected);
  }
}

test('objects cannot be changed in place, nor the store outside a transaction', () => {
  const store = newStore();
  const kept = store.transaction(() => store.put('customer', customer('a', 'x')));
  expect(() => Object.assign(kept, { name: 'y' })).toThrow(TypeError);
  expect(() => store.put('customer', customer('b', 'x'))).toThrow(/inside a transaction/);
});

test('listeners hear the net changes, and nothing of what was undone', () => {
  const store = newStore();
  const heard: unknown[] = [];
  store.onCommit((changes) => heard.push(changes));
  store.transaction(() => {
    store.put('customer', customer('a', 'x'));
    store.put('customer', customer('a', 'y'));
    store.put('customer', customer('b', 'x'));
    store.remove('customer', 'b');
  });
  expect(() =>
    store.transaction(() => {
      store.put('customer', customer('c', 'x'));
      throw new Error('undo');
    }),
  ).toThrow('undo');
  expect(heard).toEqual([
    [
      { kind: 'customer', id: 'a', value: { id: 'a', name: 'y' } },
      { kind: 'customer', id: 'b', value: null },
    ],
  ]);
});
