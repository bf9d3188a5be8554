import type { DueRow } from './rows.ts';
import type { Store } from './store.ts';

/**
 * Everything that falls due, for the global clock and each test clock: taken strictly in the order
 * (due time, sequence). The rows are in the store; the heaps here are only their order, and an entry
 * whose row has changed or gone is passed over. So undoing a transaction needs nothing here.
 */
export class DueQueue {
  #heaps = new Map<string | null, DueRow[]>();
  #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes a row known to the order. Also called for rows that an undone removal brought back. */
  add(row: DueRow): void {
    let heap = this.#heaps.get(row.clock);
    if (heap === undefined) this.#heaps.set(row.clock, (heap = []));
    push(heap, row);
  }

  /** The next row of that clock, still in the queue. */
  peek(clock: string | null): DueRow | undefined {
    const heap = this.#heaps.get(clock);
    while (heap !== undefined && heap.length > 0) {
      const first = heap[0]!;
      const row = this.#store.find('_due', first.id);
      if (row?.sequence === first.sequence) return row;
      pop(heap);
    }
    return undefined;
  }

  /** Rebuilds the order from the store, after a start or a reset. */
  rebuild(): void {
    this.#heaps.clear();
    for (const row of this.#store.oldestFirst('_due')) this.add(row);
  }
}

function isBefore(a: DueRow, b: DueRow): boolean {
  return a.dueAt !== b.dueAt ? a.dueAt < b.dueAt : a.sequence < b.sequence;
}

function push(heap: DueRow[], row: DueRow): void {
  let i = heap.push(row) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!isBefore(row, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = row;
}

function pop(heap: DueRow[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
}
