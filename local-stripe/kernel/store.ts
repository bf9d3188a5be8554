import { Collection } from './collection.ts';
import type { IndexKeys, Row } from './collection.ts';
import type { Kind, Kinds } from './kinds.ts';

export type Indexes = { [K in Kind]?: Record<string, IndexKeys<Kinds[K]>> };

/** One object put (or, with `value` null, removed) by a transaction. */
export interface Change {
  kind: Kind;
  id: string;
  value: unknown;
}

interface Undo {
  kind: Kind;
  id: string;
  /** What was put over, or nothing where the object is new. */
  before?: { id: string } | undefined;
  /** What was taken out, with its place. */
  removed?: Row<{ id: string }>;
}

type AnyCollection = Collection<{ id: string }>;

/**
 * All state, in memory. Objects are never changed in place (tests freeze what is put): a change puts
 * a new object under the same id. So an event may hold the very object as its snapshot, and undoing
 * is putting the old one back.
 */
export class Store {
  #collections = new Map<Kind, AnyCollection>();
  #indexes: Indexes;
  #freeze: <T>(value: T) => T;
  #undo: Undo[] | null = null;
  #listeners: ((changes: Change[]) => void)[] = [];

  /** `freezes` catches whoever changes an object in place: for tests, as it costs a fifth. */
  constructor(indexes: Indexes, freezes: boolean) {
    this.#indexes = indexes;
    this.#freeze = freezes ? deepFreeze : (value) => value;
  }

  /** Called after each transaction with its net changes, in the order of subscription. */
  onCommit(listener: (changes: Change[]) => void): void {
    this.#listeners.push(listener);
  }

  find<K extends Kind>(kind: K, id: string): Kinds[K] | undefined {
    return this.#collection(kind).find(id) as Kinds[K] | undefined;
  }

  /** The object, which must be there: for references between our own objects. */
  get<K extends Kind>(kind: K, id: string): Kinds[K] {
    const value = this.find(kind, id);
    if (value === undefined) throw new Error(`${kind} ${id} is not in the store`);
    return value;
  }

  put<K extends Kind>(kind: K, value: Kinds[K]): Kinds[K] {
    const before = this.#collection(kind).put(this.#freeze(value));
    this.#remember({ kind, id: value.id, before });
    return value;
  }

  remove(kind: Kind, id: string): void {
    const removed = this.#collection(kind).remove(id);
    if (removed !== undefined) this.#remember({ kind, id, removed });
  }

  /** By an index the resource declares. Oldest first. */
  by<K extends Kind>(kind: K, index: string, key: string): Kinds[K][] {
    return this.#collection(kind).by(index, key) as Kinds[K][];
  }

  oldestFirst<K extends Kind>(kind: K): Generator<Kinds[K]> {
    return this.#collection(kind).oldestFirst() as Generator<Kinds[K]>;
  }

  newestFirst<K extends Kind>(kind: K): Generator<Kinds[K]> {
    return this.#collection(kind).newestFirst() as Generator<Kinds[K]>;
  }

  size(kind: Kind): number {
    return this.#collection(kind).size;
  }

  kinds(): Kind[] {
    return [...this.#collections.keys()];
  }

  /**
   * Runs `work`; when it throws, everything it put is undone, unless `keepsChanges` says of the
   * error that it stays. Transactions nest: an inner one is undone alone.
   */
  transaction<T>(work: () => T, keepsChanges: (error: unknown) => boolean = () => false): T {
    const outer = this.#undo;
    const mine: Undo[] = [];
    this.#undo = mine;
    let result: T;
    try {
      result = work();
    } catch (error) {
      if (keepsChanges(error)) this.#commit(outer, mine);
      else this.#rollBack(outer, mine);
      throw error;
    }
    this.#commit(outer, mine);
    return result;
  }

  /** Puts objects back at start, without transaction or listener. */
  load(kind: Kind, id: string, value: { id: string } | null): void {
    if (value === null) this.#collection(kind).remove(id);
    else this.#collection(kind).put(this.#freeze(value));
  }

  clear(): void {
    this.#collections.clear();
  }

  /** What a listener cannot keep has not happened. */
  #commit(outer: Undo[] | null, mine: Undo[]): void {
    try {
      this.#end(outer, mine);
    } catch (error) {
      this.#rollBack(outer, mine);
      throw error;
    }
  }

  #end(outer: Undo[] | null, mine: Undo[]): void {
    this.#undo = outer;
    if (outer !== null) {
      for (const undo of mine) outer.push(undo);
      return;
    }
    if (this.#listeners.length === 0 || mine.length === 0) return;
    const changes = new Map<string, Change>();
    for (const { kind, id } of mine) {
      const key = `${kind} ${id}`;
      if (!changes.has(key)) changes.set(key, { kind, id, value: this.find(kind, id) ?? null });
    }
    for (const listener of this.#listeners) listener([...changes.values()]);
  }

  #rollBack(outer: Undo[] | null, mine: Undo[]): void {
    this.#undo = outer;
    for (const { kind, id, before, removed } of mine.reverse()) {
      if (removed !== undefined) this.#collection(kind).restore(removed);
      else if (before === undefined) this.#collection(kind).remove(id);
      else this.#collection(kind).put(before);
    }
  }

  #remember(undo: Undo): void {
    if (this.#undo === null) throw new Error('the store is changed inside a transaction only');
    this.#undo.push(undo);
  }

  #collection(kind: Kind): AnyCollection {
    let collection = this.#collections.get(kind);
    if (collection === undefined) {
      const indexes = this.#indexes[kind] as Record<string, IndexKeys<{ id: string }>> | undefined;
      collection = new Collection(indexes ?? {});
      this.#collections.set(kind, collection);
    }
    return collection;
  }
}

/** Stops at what is frozen already, so sharing parts between objects costs nothing. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
