/** Who waits to be told of something, by its key. Of a key that nobody watches nothing is kept. */
export class Watchers<Listener> {
  readonly #byKey = new Map<string, Set<Listener>>();

  /** How many there are, of all keys. */
  get count(): number {
    return [...this.#byKey.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Those of a key. */
  of(key: string): Iterable<Listener> {
    return this.#byKey.get(key) ?? [];
  }

  /** Those of all keys. */
  *all(): Iterable<Listener> {
    for (const listeners of this.#byKey.values()) yield* listeners;
  }

  /** Adds one; returns how it stops. */
  add(key: string, listener: Listener): () => void {
    const listeners = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#byKey.delete(key);
    };
  }
}
