export type IndexKeys<T> = (value: T) => string | readonly string[] | null | undefined;

/** An object and its place in the order of arrival. */
export interface Row<T> {
  sequence: number;
  value: T;
}

/** The objects of one kind in the order they came, with indexes to find them by. */
export class Collection<T extends { id: string }> {
  #rows = new Map<string, Row<T>>();
  /** Ids in order of arrival; an id that has gone stays until `#compact`. */
  #order: { sequence: number; id: string }[] = [];
  #indexes: { name: string; keys: IndexKeys<T>; ids: Map<string, Set<string>> }[];
  #nextSequence = 1;
  /** Before this place in `#order` everything has gone. */
  #head = 0;

  constructor(indexes: Record<string, IndexKeys<T>> = {}) {
    this.#indexes = Object.entries(indexes).map(([name, keys]) => ({ name, keys, ids: new Map() }));
  }

  get size(): number {
    return this.#rows.size;
  }

  find(id: string): T | undefined {
    return this.#rows.get(id)?.value;
  }

  put(value: T): T | undefined {
    const row = this.#rows.get(value.id);
    if (row === undefined) {
      this.#insert(value, this.#nextSequence++);
      return undefined;
    }
    const before = row.value;
    row.value = value;
    for (const index of this.#indexes) {
      const was = keyList(index.keys(before));
      const is = keyList(index.keys(value));
      if (was.length === is.length && was.every((key, i) => key === is[i])) continue;
      removeKeys(index.ids, was, value.id);
      addKeys(index.ids, is, value.id);
    }
    return before;
  }

  /** Takes it out, and answers what `restore` needs to put it back where it was. */
  remove(id: string): Row<T> | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    this.#rows.delete(id);
    for (const index of this.#indexes) removeKeys(index.ids, keyList(index.keys(row.value)), id);
    return row;
  }

  restore(row: Row<T>): void {
    const { sequence, value } = row;
    this.#rows.set(value.id, row);
    for (const index of this.#indexes) addKeys(index.ids, keyList(index.keys(value)), value.id);
    const at = this.#placeOf(sequence);
    if (this.#order[at]?.sequence !== sequence) {
      this.#order.splice(at, 0, { sequence, id: value.id });
    }
    this.#head = Math.min(this.#head, at);
  }

  /** Oldest first. */
  by(indexName: string, key: string): T[] {
    const index = this.#indexes.find((one) => one.name === indexName);
    if (index === undefined) throw new Error(`no index ${indexName}`);
    const rows: Row<T>[] = [];
    for (const id of index.ids.get(key) ?? []) rows.push(this.#rows.get(id)!);
    return rows.sort((a, b) => a.sequence - b.sequence).map((row) => row.value);
  }

  *oldestFirst(): Generator<T> {
    while (this.#head < this.#order.length && !this.#isLive(this.#order[this.#head]!))
      this.#head += 1;
    for (let i = this.#head; i < this.#order.length; i += 1) {
      const entry = this.#order[i]!;
      if (this.#isLive(entry)) yield this.#rows.get(entry.id)!.value;
    }
  }

  *newestFirst(): Generator<T> {
    for (let i = this.#order.length - 1; i >= this.#head; i -= 1) {
      const entry = this.#order[i]!;
      if (this.#isLive(entry)) yield this.#rows.get(entry.id)!.value;
    }
  }

  /** Where that sequence is in the order, or belongs. */
  #placeOf(sequence: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]!.sequence < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isLive({ id, sequence }: { id: string; sequence: number }): boolean {
    return this.#rows.get(id)?.sequence === sequence;
  }

  #insert(value: T, sequence: number): void {
    this.#compact();
    this.#rows.set(value.id, { sequence, value });
    this.#order.push({ sequence, id: value.id });
    for (const index of this.#indexes) addKeys(index.ids, keyList(index.keys(value)), value.id);
  }

  #compact(): void {
    if (this.#order.length < 1024 || this.#order.length < 2 * this.#rows.size) return;
    this.#order = this.#order.filter((entry) => this.#isLive(entry));
    this.#head = 0;
  }
}

function keyList(keys: string | readonly string[] | null | undefined): readonly string[] {
  if (keys === null || keys === undefined) return [];
  return typeof keys === 'string' ? [keys] : keys;
}

function addKeys(index: Map<string, Set<string>>, keys: readonly string[], id: string): void {
  for (const key of keys) {
    const ids = index.get(key);
    if (ids === undefined) index.set(key, new Set([id]));
    else ids.add(id);
  }
}

function removeKeys(index: Map<string, Set<string>>, keys: readonly string[], id: string): void {
  for (const key of keys) {
    const ids = index.get(key);
    ids?.delete(id);
    if (ids?.size === 0) index.delete(key);
  }
}
